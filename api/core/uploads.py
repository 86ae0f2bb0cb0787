"""Files that people send: told by their content, never by their name or what the browser says.

A photo is turned upright, shrunk and written anew: what is kept is a picture and nothing else (no place, no second file
behind it). Everything is given out as an attachment.
"""

import io
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import anyio
from anyio import CapacityLimiter
from fastapi import Depends, File, Response, UploadFile
from PIL import Image, ImageOps

from api.core.errors import InvalidField

MAX_UPLOAD = 10_000_000  # bytes
MAX_SIDE = 2400  # pixels: a page of A4 at 200 dots an inch, well readable
MAX_PIXELS = 60_000_000  # what a phone takes; past it a small file may ask for gigabytes
QUALITY = 82
AT_ONCE = 2  # pictures, each up to 200 MB of memory while it is decoded
PHOTOS = ["JPEG", "PNG", "WEBP"]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
_limiter: CapacityLimiter | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be kept."""

    name: str
    media_type: str
    content: bytes


class UploadRefused(InvalidField):
    """The file is not one of those taken."""

    def __init__(self, code: str, fr: str, en: str) -> None:
        super().__init__("/file", code, fr, en)


def safe_name(name: str, ending: str) -> str:
    """The name a person knows the file by: no path, no control character, the ending of what it is."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if c.isprintable() and c not in '"<>:|?*;')
    stem = plain.rsplit(".", 1)[0] if "." in plain else plain
    return f"{stem.strip(' .')[:80] or 'document'}.{ending}"


def examine(name: str, content: bytes) -> Upload:
    """What the content is, as it may be kept; raises UploadRefused. Slow for photos: not on the event loop."""
    if not content:
        raise UploadRefused("empty", "Ce fichier est vide.", "This file is empty.")
    if len(content) > MAX_UPLOAD:
        raise UploadRefused("too-large", "Ce fichier dépasse 10 Mo.", "This file is over 10 MB.")
    if content.startswith(b"%PDF-"):
        return Upload(safe_name(name, "pdf"), "application/pdf", content)
    try:
        with Image.open(io.BytesIO(content), formats=PHOTOS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UploadRefused("too-large", "Cette photo est trop grande.", "This photo is too large.")
            picture.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded small at once
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
            upright.thumbnail((MAX_SIDE, MAX_SIDE))
            paper = Image.new("RGB", upright.size, "white")
            paper.paste(upright, mask=upright.getchannel("A"))
            written = io.BytesIO()
            paper.save(written, "JPEG", quality=QUALITY, optimize=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise UploadRefused(
            "media-type",
            "Ce fichier n'est ni une photo (JPEG, PNG, WebP) ni un PDF, ou il est abîmé.",
            "This file is neither a photo (JPEG, PNG, WebP) nor a PDF, or it is damaged.",
        ) from None
    return Upload(safe_name(name, "jpg"), "image/jpeg", written.getvalue())


async def read_upload(file: Annotated[UploadFile, File(description="a PDF or a photo, 10 MB at most")]) -> Upload:
    """The file of a multipart body, examined; raises UploadRefused."""
    global _limiter
    _limiter = _limiter or CapacityLimiter(AT_ONCE)
    content = await file.read(MAX_UPLOAD + 1)
    return await anyio.to_thread.run_sync(examine, file.filename or "", content, limiter=_limiter)


UploadDep = Annotated[Upload, Depends(read_upload)]


def attachment(name: str, media_type: str, content: bytes) -> Response:
    """A file to be saved, never shown by the browser (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
