"""Table of contents: which capability answers where. More special paths come first."""

from __future__ import annotations

from fastapi import FastAPI

from schoolops.alerts.endpoints import router as alerts
from schoolops.calendar.endpoints import router as calendar
from schoolops.estate import audit as _audit  # noqa: F401  (registers its list)
from schoolops.estate.endpoints import router as estate
from schoolops.fleet.endpoints import router as fleet
from schoolops.identity.endpoints import router as identity
from schoolops.notify.endpoints import router as notify
from schoolops.proof.endpoints import router as proof
from schoolops.server.general import router as general
from schoolops.server.stream import router as stream
from schoolops.telemetry.endpoints import prometheus
from schoolops.telemetry.endpoints import router as telemetry
from schoolops.telemetry.ingest import Reports
from schoolops.tickets.endpoints import router as tickets
from schoolops.tickets.mails.endpoints import router as ticket_mail
from schoolops.web.rules import check_rules


def add_routes(app: FastAPI) -> None:
    """Add all routers under /v1."""
    app.state.reports = Reports(app.state.store)
    for router in (
        general, stream, notify, identity, fleet, calendar, ticket_mail, tickets, alerts, proof,
        prometheus, telemetry, estate,
    ):  # fmt: skip
        check_rules(router)
        app.include_router(router, prefix="/v1")
