"""The page of benchmarks is made from results, and says plainly when a limit was missed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", ROOT / "benchmarks" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _result(**changed: Any) -> dict[str, Any]:
    given = {"bar": "start", "figure": 41.5, "unit": "ms", "limit": 60, "command": "x"}
    return {**given, "peer": {"name": "python -c pass", "figure": 14}, **changed}


def test_a_missed_limit_stands_on_the_page(run: ModuleType) -> None:
    page = run.page({"start": [_result(), _result(bar="paint", figure=75)]}, {"start": "this"})
    assert "| start | 41.5 ms | ≤ 60 ms | yes | python -c pass: 14 ms | `x` |" in page
    assert "| paint | 75 ms | ≤ 60 ms | **no** |" in page


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"figure": 60}, True),
        ({"figure": 60.1}, False),
        ({"figure": 60.1, "at_least": True}, True),
        ({"limit": None}, None),
    ],
)
def test_limits_are_upper_ones_unless_told_otherwise(
    run: ModuleType, changed: dict[str, Any], expected: bool | None
) -> None:
    assert run.kept(_result(**changed)) is expected


def test_a_benchmark_that_prints_nothing_has_failed(run: ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "bench_silent.py"
    script.write_text("print('no figures')")
    with pytest.raises(RuntimeError, match=r"bench_silent\.py ended with 0, 0 results"):
        run.measure(script)


def test_an_unknown_benchmark_names_the_known_ones(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["no-such"]) == 2
    assert "load" in capsys.readouterr().err


def test_the_page_is_the_one_of_the_stored_results(run: ModuleType) -> None:
    import json

    stored = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    expected = run.page(stored["results"], stored["machines"])
    assert (ROOT / "docs" / "benchmarks.md").read_text("utf-8") == expected


def test_the_page_says_which_machine_measured_what(run: ModuleType) -> None:
    assert "Measured on one.\n" in run.page({}, {"load": "one", "tui": "one"})
    several = {"load": "one", "tui": "two", "cli": "two"}
    assert "Measured on two (cli, tui); one (load).\n" in run.page({}, several)


def test_every_benchmark_has_its_figures_on_the_page() -> None:
    import json

    stored = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))["results"]
    scripts = {path.stem.removeprefix("bench_") for path in ROOT.glob("benchmarks/bench_*.py")}
    assert scripts - stored.keys() == set(), "run: python benchmarks/run.py NAME"
