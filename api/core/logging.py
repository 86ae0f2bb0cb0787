"""Logs as JSON lines on standard error: events with ids, never personal data."""

import logging
import sys

import structlog


class _Library(logging.Handler):
    """What libraries have to say, as a line of ours: which one, where, and the kind of the fault. Their words may hold anything."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        place = f"{record.module}.py:{record.lineno}"
        structlog.get_logger("foyer.library").warning("library", library=record.name, place=place, kind=kind)


def configure(*, level: str = "WARNING", json: bool = True) -> None:
    """Set the process's logging once."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Library()], force=True)
