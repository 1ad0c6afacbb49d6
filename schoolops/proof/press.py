"""Prints and signs a proof in a process of its own, so that the server stays small:

    python -m schoolops.proof.press < job.json > proof.pdf

The same job gives the same bytes, before it is signed. Needs the extra `[reports]`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from typing import Any, cast

from schoolops.core import resources

STANDARDS = ["a-3a", "ua-1"]
"""PDF/A-3, to be kept, with the table attached; PDF/UA-1, to be read aloud."""
FIELD = "Signature"


def render(job: dict[str, Any]) -> bytes:
    """The PDF, not signed. `job`: `view` (see `schoolops.proof.view`), `csv`, `made_at` (ISO)."""
    import typst

    made: bytes = typst.compile(
        resources.read_text("templates/report/proof.typ").encode(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(job["view"]), "csv": job["csv"]},
        pdf_standards=cast("Any", STANDARDS),
        timestamp=dt.datetime.fromisoformat(job["made_at"]),
    )
    return made


def sign(pdf: bytes, certificate: str, key: str, timestamp_url: str = "") -> bytes:
    """The PDF with a PAdES signature; the chain of the certificate goes with it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers, timestamps

    load: Any = signers.SimpleSigner.load
    signer = load(key, certificate, ca_chain_files=(certificate,), key_passphrase=None)
    if signer is None:
        raise RuntimeError(f"the certificate {certificate} or its key {key} cannot be read")
    stamper = timestamps.HTTPTimeStamper(timestamp_url, timeout=20) if timestamp_url else None
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    out = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer, timestamper=stamper,
        output=out,
    )  # fmt: skip
    return out.getvalue()


def main() -> None:
    job = json.load(sys.stdin)
    pdf = render(job)
    if job.get("certificate"):
        pdf = sign(pdf, job["certificate"], job["key"], job["timestamp_url"])
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
