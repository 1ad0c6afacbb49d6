"""What the pages say is what the code does, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("templates/**/*.md")})


def test_pages_made_from_the_code_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_and_every_route_is_on_its_page() -> None:
    from schoolops.core.settings import Settings

    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        for setting in [f"{name}.{part}" for part in inner] if inner else [name]:
            assert f"`{setting}`" in operations, f"{setting} is not in docs/operations.md"
    api = (ROOT / "docs" / "api.md").read_text("utf-8")
    for source in [*ROOT.glob("schoolops/*/*.py")]:
        for verb, path in re.findall(
            r"@router\.(get|post|put|patch|delete)\(\s*\"([^\"]+)\"", source.read_text("utf-8")
        ):
            shown = f"`{verb.upper()} /v1{path.replace(':path', '')}`"
            assert shown in api, f"{shown} is not in docs/api.md"


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} does not exist"
        if anchor:
            assert anchor in _anchors(there.read_text("utf-8")), f"{target} has no such title"


def test_files_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for name in re.findall(r"`([a-z_]+/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"CONTRIBUTING.md names {name}, which does not exist"


def test_commands_in_the_pages_exist() -> None:
    from schoolops.cli import COMMANDS

    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in PAGES:
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for line in block.splitlines():
                words = line.removeprefix("$ ").split("#")[0].split()
                if words[:1] == ["schoolops"]:
                    assert words[1] in COMMANDS, f"{page.name}: {line}"
                if words[:1] == ["make"]:
                    for word in words[1:]:
                        assert word in targets or "=" in word, f"{page.name}: {line}"
