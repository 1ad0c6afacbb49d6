"""A proof as texts, tables and charts, ready to be laid out. Pure but for the texts' files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schoolops.core.settings import Settings
from schoolops.proof.charts import days_chart, tests_chart
from schoolops.proof.figures import NONE, Figures
from schoolops.proof.limits import Limits
from schoolops.proof.shapes import Finding, Proof, Spread, Tests
from schoolops.proof.verdicts import WAYS
from schoolops.proof.wording import Wording

MOST_OUTAGES, MOST_GAPS = 40, 20
"""So many stand in the document; the figures above count all."""
QUALITY = ("connect_ms", "rtt_ms", "jitter_ms", "loss_percent", "dns_ms")


class Edition(NamedTuple):
    """Which print of a proof it is."""

    number: int
    made_at: str
    inputs_sha256: str
    csv_sha256: str
    csv_name: str
    stamped: bool


def view(proof: Proof, edition: Edition, settings: Settings, tag: str) -> dict[str, Any]:
    """What the Typst template lays out: strings, and lists of lists of strings."""
    zone: dt.tzinfo = ZoneInfo(proof["timezone"])
    plain = Wording(settings, tag, _values(proof, edition, "", ""))
    figures = Figures(plain.language.locale, zone)
    values = _values(
        proof, edition, figures.moment(proof["measured_to"]), figures.moment(edition.made_at)
    )
    return _View(proof, Wording(settings, tag, values), figures).all(edition, tag)


def _values(proof: Proof, edition: Edition, measured_to: str, made_at: str) -> dict[str, Any]:
    grain = proof["grain_s"]
    return {
        "measured_to": measured_to,
        "complete": proof["complete"],
        "made_at": made_at,
        "edition": edition.number,
        "stamped": edition.stamped,
        "csv_name": edition.csv_name,
        "grain": f"{grain // 60} min" if grain < 3600 else f"{grain // 3600} h",
        "hourly": grain >= 3600,
    }


class _View:
    def __init__(self, proof: Proof, texts: Wording, figures: Figures) -> None:
        self.proof, self.texts, self.figures = proof, texts, figures
        self.measured = proof["lessons"]["measured_s"] > 0
        self.limits = Limits(**proof["limits"])  # type: ignore[arg-type] # whole ones as floats

    def all(self, edition: Edition, tag: str) -> dict[str, Any]:
        proof, texts, figures = self.proof, self.texts, self.figures
        outages, gaps = proof["outages"], proof["gaps"]
        return {
            "lang": tag,
            "t": texts.all(),
            "month": figures.month(proof["month"]),
            "verdict": proof["verdict"],
            "complete": proof["complete"],
            "made_on": edition.made_at[:10],
            "facts": self._facts(),
            "findings": [self._finding(one) for one in proof["findings"]],
            "source": proof["source"] or texts["source_usual"],
            "tests": [self._tests(way) for way in WAYS],
            "basis": [self._basis(way) for way in WAYS],
            "tests_svg": tests_chart(proof, figures, self.limits, self._goal()),
            "tests_alt": self._tests_alt(),
            "quality": [self._quality(name) for name in QUALITY],
            "coverage": self._coverage(),
            "days_svg": days_chart(proof, figures, [
                texts["measured_short"], texts["unmeasured"], texts["down_short"],
            ]),
            "days_alt": self._days_alt(),
            "outages": [
                [
                    figures.moment(o["begin"]),
                    texts["still"] if o["open"] else figures.moment(o["end"]),
                    figures.length(o["seconds"]), figures.length(o["lesson_s"]),
                    "± " + figures.length(o["exact_s"]),
                ]
                for o in sorted(outages, key=lambda o: -o["seconds"])[:MOST_OUTAGES]
            ],
            "more_outages": self._more(outages, MOST_OUTAGES),
            "no_outages": texts["no_outages" if self.measured else "outages_unknown"],
            "gaps": [
                [figures.moment(g["begin"]), figures.moment(g["end"]), figures.hours(g["lesson_s"])]
                for g in sorted(gaps, key=lambda g: -g["lesson_s"])[:MOST_GAPS]
            ],
            "more_gaps": self._more(gaps, MOST_GAPS),
            "days": [
                [
                    figures.day(d["day"]), texts[f"kind_{d['kind']}"], *(
                        [figures.hours(d["lesson_s"]), figures.hours(d["measured_s"]),
                         figures.length(d["down_s"]) if d["down_s"] else NONE]
                        if d["lesson_s"] else [NONE] * 3
                    ),
                    figures.number(d["connect_ms"], "ms"),
                    figures.number(d["loss_percent"], "%", 2),
                    figures.rate(d["best_down_bps"]), figures.rate(d["best_up_bps"]),
                ]
                for d in proof["days"]
            ],
            "csv_name": edition.csv_name,
            "csv_sha256": edition.csv_sha256,
            "inputs_sha256": edition.inputs_sha256,
        }  # fmt: skip

    def _more(self, rows: Sequence[object], shown: int) -> str:
        return self.texts.fill("more", count=len(rows) - shown) if len(rows) > shown else ""

    def _facts(self) -> list[list[str]]:
        line, texts, figures = self.proof["uplink"], self.texts, self.figures
        found = [
            [texts["school"], f"{line['school_name']} ({line['school']})"],
            [texts["line"], line["name"]],
        ]
        many = len(self.proof["terms"]) > 1
        for terms in self.proof["terms"]:
            since = ""
            if many and terms["since"]:
                since = texts.fill("until_changed", date=figures.moment(terms["since"])) + ": "
            rates = ", ".join(
                f"{texts[way]} {figures.rate(rate)}"
                for way, rate in (("down", terms["down_bps"]), ("up", terms["up_bps"]))
                if rate
            )
            found += [
                [texts["provider"], since + (terms["provider"] or texts["not_named"])],
                [texts["circuit"], since + (terms["circuit"] or texts["not_named"])],
                [texts["booked"], since + (rates or texts["not_named"])],
            ]
        if line["contract_end"]:
            found.append([texts["contract_end"], figures.date(line["contract_end"])])
        return found

    def _finding(self, one: Finding) -> list[str]:
        texts, figures, limits = self.texts, self.figures, self.limits
        rule = texts.fill(
            f"rule_{one['rule']}",
            reached=figures.share(limits.reached_share, 0),
            usual=figures.share(limits.usual_share, 0),
            minimum=figures.share(limits.minimum_share, 0),
        )
        if one["direction"]:
            rule = f"{texts[one['direction']]}: {rule}"
        if one["rule"] in ("loss", "connect", "jitter"):
            unit = "%" if one["rule"] == "loss" else "ms"
            wanted = texts.fill("at_most", value=figures.number(one["wanted"], unit, 2))
            found = figures.number(one["found"], unit, 2)
        else:
            wanted = texts.fill("at_least", value=figures.share(one["wanted"]))
            found = figures.share(one["found"])
        return [rule, wanted, found, texts[one["verdict"]], one["verdict"]]

    def _tests(self, way: str) -> list[str]:
        tests: Tests = self.proof["tests"][way]
        figures = self.figures
        return [
            self.texts[way], str(tests["tests"]), figures.rate(tests["least_bps"]),
            figures.rate(tests["p10_bps"]), figures.rate(tests["p50_bps"]),
            figures.rate(tests["most_bps"]), figures.share(tests["p50_of_booked"]),
        ]  # fmt: skip

    def _basis(self, way: str) -> str:
        tests = self.proof["tests"][way]
        name = f"basis_{tests['basis']}" if tests["tests"] else "basis_none"
        return self.texts.fill(
            name, way=self.texts[way], tests=tests["tests"], outside=tests["outside"],
            lessons=tests["in_lessons"],
        )  # fmt: skip

    def _tests_alt(self) -> str:
        tests, figures = self.proof["tests"]["down"], self.figures
        return self.texts.fill(
            "chart_tests_alt", reached=tests["days_reached"], days=tests["days"],
            share=figures.share(self.limits.reached_share, 0),
            median=figures.rate(tests["p50_bps"]),
        )  # fmt: skip

    def _goal(self) -> str:
        return self.texts.fill("chart_line", share=self.figures.share(self.limits.reached_share, 0))

    def _quality(self, name: str) -> list[str]:
        lies: Spread = self.proof["values"][name]
        unit, digits = ("%", 2) if name == "loss_percent" else ("ms", 1)
        told = [self.figures.number(lies[part], unit, digits)
                for part in ("mean", "p50", "p95", "most")]  # fmt: skip
        return [self.texts[name], *told, self.figures.number(lies["reports"], "", 0)]

    def _coverage(self) -> list[list[str]]:
        lessons, texts, figures = self.proof["lessons"], self.texts, self.figures
        # Rounded up as the other is rounded down: both make a whole.
        unmeasured = math.ceil(1000 * (1 - lessons["measured"]) - 1e-6) / 1000
        rows = [
            [texts["lesson_time"], figures.hours(lessons["lesson_s"]),
             texts.fill("school_days", days=lessons["days"])],
            [texts["measured"], figures.hours(lessons["measured_s"]),
             figures.share(lessons["measured"])],
            [texts["unmeasured"], figures.hours(lessons["unmeasured_s"]),
             figures.share(unmeasured)],
            [texts["down_time"], self._down(), ""],
            [texts["availability"], figures.share(lessons["availability"], 3), ""],
        ]  # fmt: skip
        for way in WAYS:
            label = texts.fill(
                "busy", share=figures.share(self.limits.busy_share, 0), way=texts[way]
            )
            rows.append([label, figures.share(self.proof["usage"][way]["busy"]), ""])
        return rows

    def _days_alt(self) -> str:
        lessons, figures = self.proof["lessons"], self.figures
        return self.texts.fill(
            "chart_days_alt", lesson=figures.hours(lessons["lesson_s"]),
            measured=figures.hours(lessons["measured_s"]),
            unmeasured=figures.hours(lessons["unmeasured_s"]),
            down=self._down(),
        )  # fmt: skip

    def _down(self) -> str:
        """Where nothing was measured nobody knows, and nothing is not 0 s."""
        down_s = self.proof["lessons"]["down_s"]
        return self.figures.length(down_s) if self.measured or down_s else NONE
