"""The built SPA: hashed files for ever, pages fresh, brotli where the browser takes it, a CSP with hashes."""

import base64
import hashlib
import mimetypes
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# SvelteKit's announcer of page titles for screen readers has this one style attribute, and nothing else may.
ANNOUNCER_STYLE = "'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='"
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
mimetypes.add_type("application/manifest+json", ".webmanifest")


def content_security_policy(folder: Path) -> str:
    """A policy that allows our own files and, by their hashes, the start scripts of the built pages."""
    hashes = set()
    for page in folder.rglob("*.html"):
        for script in INLINE_SCRIPT.findall(page.read_text()):
            hashes.add(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'")
    return (
        f"style-src-attr 'unsafe-hashes' {ANNOUNCER_STYLE}; "
        f"default-src 'none'; script-src 'self' {' '.join(sorted(hashes))}; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


class Spa:
    """Serves the built files; any other page address gets the shell, any other file and all of /api is 404."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = (
            {str(f.relative_to(folder)): f for f in folder.rglob("*") if f.is_file()} if folder.is_dir() else {}
        )
        self.policy = content_security_policy(folder) if self.files else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope["path"].strip("/")
        if path.split("/", 1)[0] in {"api", ".well-known"}:
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405)
        name = next((n for n in (path, f"{path}.html", "index.html" if not path else "") if n in self.files), None)
        if name is None and "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404)
        await self._file(name or "200.html", scope)(scope, receive, send)

    def _file(self, name: str, scope: Scope) -> Response:
        if name not in self.files:
            raise HTTPException(404)
        accepts = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"accept-encoding"), "")
        headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if name.startswith("_app/immutable/"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if name.endswith(".html"):
            headers["Content-Security-Policy"] = self.policy
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        for encoding, suffix in ENCODINGS:
            if encoding in accepts and (packed := self.files.get(name + suffix)):
                return FileResponse(packed, headers=headers | {"Content-Encoding": encoding}, media_type=kind)
        return FileResponse(self.files[name], headers=headers, media_type=kind)
