"""Files as people really send them: a plain and complete report, and nothing half applied."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import openpyxl
import pytest

from inventory.kinds import KINDS
from schoolops.core.permissions import SYSTEM
from schoolops.estate.repository import Estate
from schoolops.server.web import uploads
from schoolops.web.security import csrf_token
from tests.web.browser import Served, copy_of, serve
from tests.web.city import fill
from tests.web.conftest import ADMIN, CITY

HEAD = "kind;serial;school;room;name;notes\n"


class Sender:
    """A browser's form, without the browser: large files go faster."""

    def __init__(self, served: Served) -> None:
        self.served = served
        cookie = served.session("Alex", groups=ADMIN, strong=True)
        self.token = csrf_token(cookie)
        self.http = httpx.Client(
            base_url=served.url,
            cookies={"schoolops": cookie},
            headers={"accept": "text/html", "accept-language": "de"},
            trust_env=False,
            timeout=120,
        )

    def send(self, name: str, data: bytes, plural: str = "devices") -> httpx.Response:
        """The answer; of a file that was taken, its report."""
        form = {"csrf": self.token, "plural": plural}
        answer = self.http.post("/upload", data=form, files={"file": (name, data)})
        return self.http.get(answer.headers["location"]) if answer.status_code == 303 else answer

    def confirm(self, report: httpx.Response) -> httpx.Response:
        return self.http.post(report.url.path, data={"csrf": self.token})

    def serials(self) -> dict[str, tuple[str, str]]:
        """Serial of each printer → its name and notes."""
        store = self.served.store
        with store.read(SYSTEM) as connection:
            page = Estate(connection, SYSTEM, store.clock.now()).page(
                KINDS["device"], "kind:printer", columns=("serial", "name", "notes")
            )
        return {row[4]: (row[5], row[6]) for row in page.rows}


def said(answer: httpx.Response) -> str:
    """What stands on the page, without markup and the choice of kinds."""
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<select.*?</select>", " ", main, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture(scope="module")
def sender(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    home = tmp_path_factory.mktemp("uploads") / "home"
    copy_of(migrated_sqlite, home)
    with serve(home, **CITY) as running:
        fill(running.store)
        made = Sender(running)
        yield made
        made.http.close()


def xlsx(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def bomb() -> bytes:
    """Some hundred kB that unpack to 300 MB of rows."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(("school", "name", "kind"), ("1", "2", "3")))) as good,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for part in good.infolist():
            if part.filename == "xl/worksheets/sheet1.xml":
                row = b'<row r="3"><c t="inlineStr"><is><t>' + b"A" * 1000 + b"</t></is></c></row>"
                with out.open(part.filename, "w") as sheet:
                    sheet.write(good.read(part).partition(b"</sheetData>")[0])
                    for _ in range(300):
                        sheet.write(row * 1000)
                    sheet.write(b"</sheetData></worksheet>")
            else:
                out.writestr(part, good.read(part))
    return made.getvalue()


def test_umlauts_of_windows_1252_arrive_and_the_report_says_what_was_assumed(
    sender: Sender,
) -> None:
    text = HEAD + "printer;W-1;164800;0.02;Drucker Büro Straße;Größe „A4“\n"
    report = sender.send("geräte.csv", text.encode("cp1252"))
    assert "Windows-1252" in said(report)
    assert "W-1" not in sender.serials(), "nothing before the confirmation"
    assert "Die Datei ist übernommen" in said(sender.confirm(report))
    assert sender.serials()["W-1"] == ("Drucker Büro Straße", "Größe „A4“")


def test_a_spreadsheet_is_reported_on_row_by_row_in_german(sender: Sender) -> None:
    report = sender.send(
        "geräte.xlsx",
        xlsx(
            ("Art", "Seriennummer", "Schule", "Raum", "Name"),
            ("printer", "X-1", 164800, "0.02", "Drucker Öl"),
            ("sauna", "X-2", 164800, "0.02", ""),
            ("printer", "X-3", 164800, "=1+1", ""),
            ("printer", "#REF!", 164800, "0.02", ""),
            ("printer", 1234567890123456789, 164800, "0.02", ""),
        ),
    )
    text = said(report)
    for word in ("nicht „sauna“", "In Zelle D4 steht eine Formel ohne Wert",
                 "In Zelle B5 steht der Fehler #REF!", "In Zelle B6 steht eine Zahl"):  # fmt: skip
        assert word in text
    assert "abgelehnt ✕ 4" in text
    sender.confirm(report)
    assert {name for name in sender.serials() if name.startswith("X-")} == {"X-1"}


def test_cells_that_look_like_formulas_stay_text_and_leave_guarded(sender: Sender) -> None:
    text = HEAD + "printer;F-1;164800;0.02;\"=cmd|' /C calc'!A0\";@SUM(A1)\n"
    sender.confirm(sender.send("f.csv", text.encode()))
    assert sender.serials()["F-1"] == ("=cmd|' /C calc'!A0", "@SUM(A1)")
    store = sender.served.store
    from schoolops.estate.transfer import Export, export

    wanted = Export(KINDS["device"], "serial:F-1", "csv", ("name", "notes"))
    with store.read(SYSTEM) as connection:
        made = b"".join(export(connection, SYSTEM, store.clock.now(), wanted)).decode()
    assert "'=cmd" in made
    assert "'@SUM" in made


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("leer.csv", b"", "nicht leer"),
        ("leer.csv", b"\n\n  \n", "Die Datei ist leer"),
        ("kopf.csv", HEAD.encode(), "keine Zeile darunter"),
        ("falsch.csv", b"foo;bar\n1;2\n", "Gefunden wurden: foo, bar"),
        ("halb.csv", b"serial;bar\n1;2\n", "fehlt eine Spalte für kind"),
        ("nul.csv", HEAD.encode() + b"printer;P\x00;164800;;;\n", "Nullbytes"),
        ("alt.xls", b"\xd0\xcf\x11\xe0" + bytes(100), "alte"),
        ("brief.csv", b"%PDF-1.4", "PDF"),
        ("quote.csv", HEAD.encode() + b'printer;"P-1;164800;;;\n', "Anführungszeichen"),
    ],
)
def test_what_is_no_table_is_refused_at_its_field(
    sender: Sender, name: str, data: bytes, word: str
) -> None:
    answer = sender.send(name, data)
    assert answer.status_code == 422
    assert word in said(answer)
    assert 'id="file-wrong"' in answer.text
    assert '<option value="devices" selected>' in answer.text, "the choice is kept"


def test_a_zip_bomb_is_refused_by_its_directory_alone(sender: Sender) -> None:
    data = bomb()
    assert len(data) < 2_000_000
    answer = sender.send("bombe.xlsx", data)
    assert answer.status_code == 422
    assert "ausgepackt" in said(answer)


def test_a_bomb_that_lies_about_its_size_is_read_no_further(sender: Sender) -> None:
    data = bytearray(bomb())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
        at += 4
    answer = sender.send("bombe.xlsx", bytes(data))
    assert answer.status_code == 422
    assert "abgeschnitten oder keine XLSX-Datei" in said(answer)


def test_fifty_megabytes_of_rows_are_too_many_for_a_page_and_it_says_so(sender: Sender) -> None:
    row = "printer;B-{};164800;0.02;Drucker;" + "x" * 60 + "\n"
    data = (HEAD + "".join(row.format(number) for number in range(520_000))).encode()
    assert len(data) > 50_000_000
    answer = sender.send("viel.csv", data)
    assert answer.status_code == 422
    assert f"hat 520000 Zeilen; diese Seite nimmt {uploads.ROWS} auf einmal" in said(answer)
    assert not any(name.startswith("B-") for name in sender.serials())


def test_a_file_over_the_limit_is_refused_while_it_is_read(sender: Sender) -> None:
    answer = sender.send("riese.csv", b"x" * 65_000_000)
    assert answer.status_code == 413
    assert "größer als 64.1 MB" in said(answer) or "größer als 64,1 MB" in said(answer)
