"""The built SPA, from memory: hashed files for ever, pages fresh with the town in them, brotli, a CSP with hashes."""

import base64
import gzip
import hashlib
import html
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

import brotli
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.core.settings import Settings

PACKED = (".br", ".gz")
TEXTS = (".html", ".webmanifest")  # where the town's own words are filled in
SHELL = "200.html"  # a page that has an address only once its script runs
PAGE = re.compile(
    r"[\w/-]*", re.ASCII
)  # what an address of a page is made of; anything else is a file that is not there
# SvelteKit's announcer of page titles for screen readers has this one style attribute, and nothing else may.
ANNOUNCER_STYLE = "'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='"
# Redoc styles itself in the page and searches in a worker of its own; its page has nobody's data and no other script.
REFERENCE = "reference.html"
REFERENCE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
INLINE = {kind: re.compile(rf"<{kind}>(.*?)</{kind}>", re.DOTALL) for kind in ("script", "style")}
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it goes out, in each encoding that there is of it."""

    bodies: dict[str, bytes]
    headers: dict[str, str]
    media_type: str


def content_security_policy(pages: list[str]) -> str:
    """A policy that allows our own files and, by their hashes, the start scripts and the town's colour in the pages."""

    def hashes(kind: str) -> str:
        found = {text for page in pages for text in INLINE[kind].findall(page)}
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found)
        return " ".join(sorted(f"'sha256-{digest}'" for digest in digests))

    return (
        f"default-src 'none'; script-src 'self' {hashes('script')}; style-src 'self' {hashes('style')}; "
        f"style-src-attr 'unsafe-hashes' {ANNOUNCER_STYLE}; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def fill_in(text: str, settings: Settings) -> str:
    """A built page with the town in it."""
    words = {
        "TOWN__NAME": settings.town,
        "TOWN__CONTACT": settings.contact_email,
        "TOWN__COLOUR": settings.colour,
        "TOWN__HALL": settings.town_hall,
        "TOWN__HOSTING": settings.hosting,
        "TOWN__ZONE": settings.timezone,
        "TOWN__DEMO": "yes" if settings.demo else "",
    }
    for mark, word in words.items():
        text = text.replace(mark, html.escape(word))
    return text


class Spa:
    """Serves the built files; any other page address gets the shell, any other file and all of /api is 404."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        files = {str(f.relative_to(folder)): f for f in sorted(folder.rglob("*")) if f.is_file()}
        texts = {name: fill_in(f.read_text(), settings) for name, f in files.items() if name.endswith(TEXTS)}
        if SHELL in texts:  # a tab with a name while a slow network brings the script
            title = f"<title>Espace citoyens — {html.escape(settings.town)}</title>"
            texts[SHELL] = texts[SHELL].replace("</head>", f"{title}</head>", 1)
        self.policy = content_security_policy(
            [text for name, text in texts.items() if name.endswith(".html") and name != REFERENCE]
        )
        self.files = {name: self._load(name, files, texts) for name in files if not name.endswith(PACKED)}

    def _load(self, name: str, files: dict[str, Path], texts: dict[str, str]) -> Served:
        if name in texts:
            plain = texts[name].encode()
            # At every start, so not with all its strength: 300 bytes a page for a fifth of a second.
            bodies = {"": plain, "br": brotli.compress(plain, quality=5), "gzip": gzip.compress(plain, mtime=0)}
        else:
            bodies = {"": files[name].read_bytes()}
            for encoding, ending in zip(("br", "gzip"), PACKED, strict=True):
                if ending_file := files.get(name + ending):
                    bodies[encoding] = ending_file.read_bytes()
        headers = {
            "Vary": "Accept-Encoding",
            "Cache-Control": "no-cache",
            "ETag": f'"{hashlib.sha256(bodies[""]).hexdigest()[:20]}"',
        }
        if name.startswith("_app/immutable/"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if name.endswith(".html"):
            headers["Content-Security-Policy"] = REFERENCE_POLICY if name == REFERENCE else self.policy
        return Served(bodies, headers, mimetypes.guess_type(name)[0] or "application/octet-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope["path"].strip("/")
        if path.split("/", 1)[0] in {"api", ".well-known"}:
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405)
        name = next((n for n in (path, f"{path}.html", "index.html" if not path else "") if n in self.files), None)
        if name is None and (not PAGE.fullmatch(path) or SHELL not in self.files):
            raise HTTPException(404)
        await self._answer(self.files[name or SHELL], scope)(scope, receive, send)

    def _answer(self, file: Served, scope: Scope) -> Response:
        asked = {k: v.decode("latin-1") for k, v in scope["headers"] if k in {b"accept-encoding", b"if-none-match"}}
        if asked.get(b"if-none-match") == file.headers["ETag"]:
            return Response(status_code=304, headers=file.headers)
        for encoding in ("br", "gzip"):
            if encoding in asked.get(b"accept-encoding", "") and encoding in file.bodies:
                headers = file.headers | {"Content-Encoding": encoding}
                return Response(file.bodies[encoding], headers=headers, media_type=file.media_type)
        return Response(file.bodies[""], headers=file.headers, media_type=file.media_type)
