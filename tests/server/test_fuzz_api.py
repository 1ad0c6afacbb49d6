"""The whole API under generated requests: no failure, and no answer outside the document.

schemathesis makes the requests from the OpenAPI document: right ones, wrong ones, and right ones
that are turned towards a small estate (`leads.py`), so that they hit something. Its copy of the
document forbids what the real one leaves open: fields that are not named.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import data
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.checks import response_headers_conformance as headers_conformance

from inventory.kinds import KINDS
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.db.engine import Store
from schoolops.estate.service import Inventory
from schoolops.server.app import Door, make_app
from tests.server.leads import Draw, lead
from tests.server.two_schools import AUTHORITIES, FOREIGN, OTHER, OWN, World, furnish

CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    headers_conformance,
]
EXAMPLES = 3
"""Of each operation and way of making requests; raise it, and change the seed, to search longer."""
SEED = 3
LONGEST_URL = 60_000
"""No server and no client takes longer ones."""
SLOW = {"make_backup": 1, "stream_changes": 2}
"""Operation → how many examples, where one takes seconds."""
REACHED = {
    "count_records", "explain_access", "export_records", "list_records", "make_download",
    "read_config", "read_history", "read_latest", "read_record", "read_rows", "read_series",
}  # fmt: skip
"""Operations that must have been answered well at least once."""
ADMIN = "authority-admin"
ROLES: dict[str, Callable[[Any], Actor]] = {
    ADMIN: lambda request: Actor.of("fuzz", ADMIN),
    "technician": lambda request: Actor.of("fuzz", "technician", authority=AUTHORITIES[OWN]),
}


@pytest.fixture
def world(store: Store) -> World:
    made = World(now=store.clock.now())
    with store.write(SYSTEM) as unit:
        furnish(Inventory(unit), made, OWN, "Eigen")
        furnish(Inventory(unit), made, OTHER, FOREIGN)
    return made


def sharpened(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the fuzzer gets it: it forbids what the document does not name."""
    made = copy.deepcopy(document)
    for schema in made["components"]["schemas"].values():
        if schema.get("properties") and schema.get("title") != "Problem":
            schema.setdefault("additionalProperties", False)
    return made


def join(client: TestClient, application: Any, world: World) -> str:
    """Let an agent join at the school; answers its secret."""
    before, application.state.authenticate = application.state.authenticate, ROLES[ADMIN]
    invited = client.post("/v1/agents/invite", json={"school": OWN}).json()
    application.state.authenticate = before
    joined = client.post("/v1/agent/join", json={"code": invited["code"]}).json()
    world.agent = joined["agent"]
    return str(joined["secret"])


def send(client: TestClient, case: Any, secret: str, world: World) -> Any:
    """The answer to a request; those of agents carry the agent's secret."""
    prepared = requests.Request(**_plain(case.as_transport_kwargs(base_url="http://server")))
    request = prepared.prepare()
    hypothesis.assume(len(str(request.url)) < LONGEST_URL)
    headers = dict(request.headers)
    if "/agent/" in case.path:
        headers["Authorization"] = f"Bearer {secret}"
    answer = client.request(
        str(request.method), str(request.url), headers=headers, content=request.body
    )
    if case.path.endswith("/downloads") and answer.is_success:
        world.link = answer.json()["url"].rpartition("/")[2]
    return answer


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    taken = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    return {name: value for name, value in arguments.items() if name in taken}


def fuzz(
    document: dict[str, Any], world: World, call: Callable[[str, Any], Any]
) -> tuple[list[str], Counter[str]]:
    """Run every operation; the problems, and which operations were answered well how often."""
    problems: list[str] = []
    good: Counter[str] = Counter()

    def judge(name: str, case: Any) -> None:
        answer = call(name, case)
        good[name] += answer.is_success
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as group:
            problems.append(f"{name}: {group}")

    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"].split("_v1_")[0]
        takes = operation.definition.raw.keys() & {"parameters", "requestBody"}
        examples = SLOW.get(name, EXAMPLES if takes else 1)
        run = functools.partial(_generate, operation, examples)
        run(GenerationMode.POSITIVE, lambda draw, case, name=name: judge(name, case))
        run(GenerationMode.NEGATIVE, lambda draw, case, name=name: judge(name, case))

        def towards(draw: Draw, case: Any, name: str = name) -> None:
            lead(draw, case, world)
            judge(name, case)

        run(GenerationMode.POSITIVE, towards)
    return problems, good


def _generate(
    operation: Any, examples: int, mode: GenerationMode, judge: Callable[[Draw, Any], None]
) -> None:
    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), more=data())
    def run(case: Any, more: Any) -> None:
        judge(more.draw, case)

    # An operation that takes nothing cannot be called wrongly.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        run()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.timeout(600)
def test_no_generated_request_makes_the_server_fail_or_answer_outside_its_document(
    role: str, store: Store, world: World
) -> None:
    application = make_app(store, background=False)
    application.state.authenticate = ROLES[role]
    application.state.ending = True  # so that a stream of changes ends by itself
    document = sharpened(application.openapi())
    with TestClient(Door(application, local=True), raise_server_exceptions=False) as client:
        secret = join(client, application, world)
        problems, good = fuzz(document, world, lambda name, case: send(client, case, secret, world))
    assert not problems, "\n".join(problems[:20])
    assert {name for name in REACHED if good[name]} == REACHED, "the requests mean too little"


def test_a_record_of_each_kind_is_answered_as_described(store: Store, world: World) -> None:
    application = make_app(store, background=False)
    application.state.authenticate = ROLES[ADMIN]
    schema = schemathesis.openapi.from_dict(sharpened(application.openapi()))
    with TestClient(Door(application, local=True), raise_server_exceptions=False) as client:
        for (kind, _), uid in world.ids.items():
            for path in ("/v1/{plural}/{id}", "/v1/{plural}/{id}/history"):
                if "history" in path and not KINDS[kind].editable:
                    continue
                where = {"plural": KINDS[kind].plural, "id": uid}
                case = schema[path]["GET"].Case(path_parameters=where)
                answer = client.get(path.format(**where))
                assert answer.status_code == 200, (where, answer.text)
                case.validate_response(answer, checks=CHECKS)
