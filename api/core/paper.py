"""What is printed: PDF/A-2b, made by typst without a network, and squares that a phone reads."""

import io
import json
from pathlib import Path
from typing import Any

import segno
import typst


def render(template: Path, data: dict[str, Any]) -> bytes:
    """A template with its data as a PDF that can be archived and read aloud; tens of milliseconds of a core: use a thread."""
    pdf: bytes = typst.compile(
        str(template), format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_standards=["a-2b"]
    )
    return pdf


def square(link: str) -> str:
    """A link as a QR code, SVG."""
    written = io.BytesIO()
    segno.make(link, error="m").save(written, kind="svg", xmldecl=False, border=2)
    return written.getvalue().decode()
