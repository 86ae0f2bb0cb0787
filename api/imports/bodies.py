"""Files of a multipart body, seen to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from api.core.errors import InvalidField
from api.imports.queue import SentFile

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "dry_run": {"type": "boolean", "default": False},
                    },
                }
            }
        },
    }
}


class HalfSent(InvalidField):
    """The body ended before its last file did."""

    def __init__(self) -> None:
        super().__init__(
            "/files",
            "half-sent",
            "L'envoi a été coupé : rien n'a été importé. Envoyez les fichiers de nouveau.",
            "The sending was cut: nothing was imported. Send the files again.",
        )


@asynccontextmanager
async def sent_files(request: Request) -> AsyncIterator[tuple[list[SentFile], bool]]:
    """The files of the field `files`, on disk past 1 MB, and whether this is a dry run. Raises HalfSent.

    The multipart parser forgets a file that was cut and takes the others: the closing boundary is looked for here.
    """
    tail = b""

    async def receive() -> Message:
        nonlocal tail
        message = await request.receive()
        tail = (tail + message.get("body", b""))[-200:]
        return message

    read: Receive = receive
    boundary = parse_options_header(request.headers.get("content-type", ""))[1].get(b"boundary", b"")
    try:
        form = await Request(request.scope, read).form(max_files=10, max_fields=2)
    except FormParserError:
        raise HalfSent from None
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise HalfSent from None
    try:
        if not tail.rstrip().endswith(b"--" + boundary + b"--"):
            raise HalfSent
        dry_run = str(form.get("dry_run", "")).lower() in {"true", "1", "on"}
        yield [file for file in form.getlist("files") if isinstance(file, UploadFile)], dry_run
    finally:
        await form.close()
