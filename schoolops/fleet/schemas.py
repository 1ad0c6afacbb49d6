"""What crosses HTTP about agents."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

import msgspec
from pydantic import BaseModel, Field

from agents import protocol
from schoolops.estate.describing import GIVEN
from schoolops.web.answers import fields_of
from schoolops.web.shapes import Time


class Invitation(BaseModel):
    """For which school an agent is invited."""

    school: str = Field(max_length=40)
    name: str = Field(default="", max_length=200)


class Join(BaseModel):
    """The one-time code, and which machine uses it."""

    code: str = Field(min_length=1, max_length=100)
    hostname: str = Field(default="", max_length=1000)
    version: str = Field(default="", max_length=1000)


class Reason(BaseModel):
    """Why."""

    reason: str = Field(default="", max_length=10_000)


class Adoption(BaseModel):
    """Values that a person adds or corrects."""

    values: Annotated[dict[str, Any], Field(json_schema_extra=GIVEN)] = {}


class Invited(TypedDict):
    """An invitation; `code` is shown this once, `server` is where the agent finds this server."""

    code: str
    agent: str
    name: str
    school: str
    expires: Time
    server: str | None


_UplinkTarget = fields_of("UplinkTarget", protocol.UplinkTarget)
_Target = fields_of("Target", protocol.Target)
_ServiceTarget = fields_of("ServiceTarget", protocol.ServiceTarget)
AgentConfig = fields_of(
    "AgentConfig",
    protocol.Config,
    UplinkTarget=_UplinkTarget,
    Target=_Target,
    ServiceTarget=_ServiceTarget,
)
"""What an agent is to do, as `agents.protocol` describes it."""

Joined = msgspec.defstruct(
    "Joined",
    [
        ("agent", str), ("name", str), ("secret", str), ("command_key", str),
        ("release_key", str), ("school", str), ("config", AgentConfig),
    ],
)  # fmt: skip
"""What an agent keeps; `secret` and `command_key` are shown this once."""


class Question(BaseModel):
    """What an agent is asked for; how long it may take until it gets to know."""

    kind: str = Field(max_length=40)
    arguments: Annotated[dict[str, Any], Field(json_schema_extra={"type": "object"})] = {}
    good_for_s: int = Field(default=0, ge=0, le=7 * 24 * 3600)


class AgentCommand(TypedDict):
    """What an agent was asked for, and its answer. `good_for_s` of 0 is the kind's own."""

    id: str
    kind: str
    arguments: dict[str, Any]
    by: str
    at: Time
    expires: Time
    state: Literal["waiting", "sent", "done", "failed", "refused", "expired"]
    sent: Time | None
    answered: Time | None
    text: str | None
    result: dict[str, Any] | None


class AgentCommands(TypedDict):
    """What an agent was asked for lately, newest first."""

    commands: list[AgentCommand]
