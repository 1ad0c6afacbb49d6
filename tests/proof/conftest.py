"""The application with two schools, and a line with measurements."""

from __future__ import annotations

from tests.server.conftest import api, application, local, remote, school, token

__all__ = ["api", "application", "local", "remote", "school", "token"]
