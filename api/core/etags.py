"""Versions of single resources: `ETag` on the answer, `If-Match` on the change."""

from typing import Annotated, Any

from fastapi import Header
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from api.core.errors import PreconditionRequired, Stale

IfMatch = Annotated[str | None, Header(description='the ETag that is being changed, as `"3"`')]


class Versioned:
    """A row whose version goes up by one with every change."""

    version: Mapped[int] = mapped_column(nullable=False, server_default="1", default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @property
    def etag(self) -> str:
        """The version as a header."""
        return f'"{self.version}"'


def check(row: Versioned, if_match: str | None) -> None:
    """Raises PreconditionRequired without If-Match, Stale when it names another version."""
    if if_match is None:
        raise PreconditionRequired
    if if_match not in {row.etag, "*"}:
        raise Stale
