"""The application with two schools, called by those who may and those who may not."""

from __future__ import annotations

from tests.server.conftest import api, application, local, remote, school, token

__all__ = ["api", "application", "local", "remote", "school", "token"]
