"""The calendar as a file (RFC 5545)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

WORDS = {
    "fr": {
        "name": "Inscriptions, {town}",
        "absent": "Absent : {title}",
        "limit": "Absence à signaler avant le {at}.",
        "offer": "Place à accepter : {title}",
        "until": "%d/%m/%Y à %Hh%M",
    },
    "en": {
        "name": "Enrollments, {town}",
        "absent": "Absent: {title}",
        "limit": "Tell an absence before {at}.",
        "offer": "Place to accept: {title}",
        "until": "%d/%m/%Y at %H:%M",
    },
}


def render(
    days: Iterable[dict[str, Any]],
    offers: Iterable[dict[str, Any]],
    *,
    town: str,
    address: str,
    zone: ZoneInfo,
    language: str,
    now: datetime,
) -> bytes:
    """Each day that a child is expected, with the limit for an absence; each offer, when it must be answered."""
    words = WORDS[language]
    calendar = Calendar()
    calendar.add("prodid", "-//Foyer//Espace citoyens//FR")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", words["name"].format(town=town))
    calendar.add("refresh-interval", timedelta(hours=4), parameters={"value": "DURATION"})
    for row in days:
        event = _event(row, f"{row['id']}-{row['day']}", address, now)
        if row["time_from"]:
            event.add("dtstart", datetime.combine(row["day"], row["time_from"], zone))
            event.add("dtend", datetime.combine(row["day"], row["time_to"], zone))
        else:
            event.add("dtstart", row["day"])
        title = _title(row)
        event.add("summary", words["absent"].format(title=title) if row["absent"] else title)
        event.add("status", "CANCELLED" if row["absent"] else "CONFIRMED")
        limit = row["limit"].astimezone(zone).strftime(words["until"])
        event.add("description", words["limit"].format(at=limit))
        calendar.add_component(event)
    for row in offers:
        event = _event(row, f"{row['id']}-offer", address, now)
        event.add("dtstart", row["offered_until"].astimezone(zone))
        event.add("summary", words["offer"].format(title=_title(row)))
        calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _title(row: dict[str, Any]) -> str:
    return f"{row['child']}, {row['name']}"


def _event(row: dict[str, Any], uid: str, address: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@foyer")
    event.add("dtstamp", now)
    event.add("location", row["venue"])
    event.add("url", f"{address}/mes-inscriptions/{row['id']}")
    return event
