"""Hours of the town, in the nights when its clocks change too."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from api.activities.models import Activity
from api.calendars.feed import render
from api.core.clock import instant
from api.imports.values import closing, opening

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
# Zones whose clocks change by an hour, by half an hour, at midnight, in the other half of the year, and never.
CHANGES = {
    "Europe/Paris": (SPRING, AUTUMN),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "Atlantic/Azores": (SPRING, AUTUMN),
    "America/Cayenne": (SPRING, AUTUMN),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_hour_is_the_same_instant_here_and_in_the_database(dsn: str, name: str) -> None:
    """Every quarter of an hour of the days around both changes: what a deadline is told as is what it is held to."""
    nights = [day + timedelta(days=n) for day in CHANGES[name] for n in (-1, 0, 1)]
    shown = [datetime.combine(day, time(n // 4, n % 4 * 15)) for day in nights for n in range(96)]

    async def there() -> list[datetime]:
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch("SELECT t AT TIME ZONE $2 AS t FROM unnest($1::timestamp[]) t", shown, name)
            return [row["t"] for row in rows]
        finally:
            await connection.close()

    assert [instant(one.date(), one.time(), ZoneInfo(name)) for one in shown] == asyncio.run(there())


def test_the_files_of_an_import_may_name_any_hour() -> None:
    """An opening in the hour that is not there, or there twice; the last day of enrollment is whole, of 23 or 25 hours too."""
    assert opening(PARIS)("29/03/2026 02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert opening(PARIS)("25/10/2026 02:30") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for day, hours in ((SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)):
        written = f"{day:%d/%m/%Y}"
        assert closing(PARIS)(written) + timedelta(seconds=1) - opening(PARIS)(written) == timedelta(hours=hours)


def test_an_absence_has_its_hour_on_the_wall_whatever_the_night() -> None:
    """« The day before, until 10:00 » is at ten of the town's clocks, before and after a change."""
    activity = Activity(absence_days=1, absence_time=time(10))
    for day in (SPRING, SPRING + timedelta(days=1), AUTUMN, AUTUMN + timedelta(days=1)):
        limit = activity.absence_limit(day, PARIS).astimezone(PARIS)
        assert (limit.date(), limit.time()) == (day - timedelta(days=1), time(10))


def test_a_calendar_keeps_the_hours_over_a_change() -> None:
    """Eight o'clock before and after it, with a zone that the phone knows."""
    days = [
        {"id": n, "day": day, "time_from": time(8), "time_to": time(17), "absent": False, "child": "Ana", "name": "Judo", "venue": "",
         "limit": instant(day, time(7), PARIS)}
        for n, day in enumerate((AUTUMN - timedelta(days=2), AUTUMN + timedelta(days=1)))
    ]  # fmt: skip
    feed = render(
        days,
        [],
        town="Foyer",
        address="http://localhost",
        zone=PARIS,
        language="fr",
        now=datetime(2026, 10, 1, tzinfo=UTC),
    ).decode()
    assert "DTSTART;TZID=Europe/Paris:20261023T080000" in feed
    assert "DTSTART;TZID=Europe/Paris:20261026T080000" in feed
    assert "TZOFFSETTO:+0100" in feed
    assert feed.count("à 07h00") == 2


def test_the_ends_of_the_calendar_are_no_fault() -> None:
    """A day that somebody typed wrong has an instant, whatever the zone."""
    for zone in (PARIS, ZoneInfo("America/Cayenne")):
        assert instant(date.min, time(), zone).year == 1
        assert instant(date.max, time(23, 59), zone).year == 9999
