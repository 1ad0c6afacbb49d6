"""What every group of settings is made of."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

PORT = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]?\d{1,4})"
HOST = r"([\w.-]+|\[[0-9A-Fa-f:.]+\])"
IS_ADDRESS = re.compile(r"[!-;=?A-~]+@[\w.-]+")


class Group(BaseModel):
    """Settings that belong together; the text below each is its documentation."""

    model_config = ConfigDict(use_attribute_docstrings=True)
