"""How the back office writes what it means."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.imports import values


@given(st.integers(-99_999_999, 99_999_999), st.sampled_from(",."), st.sampled_from(["", " ", "\u00a0", "\u202f"]))
def test_every_amount_is_read_back_to_the_cent(cents: int, point: str, space: str) -> None:
    """With a comma or a point, with or without spaces between thousands."""
    whole, rest = divmod(abs(cents), 100)
    written = f"{'-' if cents < 0 else ''}{whole:,}".replace(",", space) + f"{point}{rest:02d}"
    assert values.cents(written) == cents


@pytest.mark.parametrize("wrong", ["", "abc", "1,234", "1.2.3", "10,005", "--1", "1e5", "٣"])
def test_what_is_no_amount_is_rejected(wrong: str) -> None:
    """A thousandth of a euro too."""
    with pytest.raises(values.Rejected):
        values.cents(wrong)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_every_day_is_read(day: date) -> None:
    """JJ/MM/AAAA."""
    assert values.day(f"{day:%d/%m}/{day.year:04d}") == day


@pytest.mark.parametrize("wrong", ["31/02/1990", "1990-02-28", "", "00/01/2000", "1/1", "01/01/0001"])
def test_what_is_no_day_is_rejected(wrong: str) -> None:
    """A day that does not exist, or another order."""
    with pytest.raises(values.Rejected):
        values.day(wrong)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0694 12 34 56", "+594694123456"),
        ("0594.30.00.00", "+594594300000"),
        ("+33 6 39 98 12 34", "+33639981234"),
        ("06 39 98 12 34", "+33639981234"),
        ("00594694123456", "+594694123456"),
    ],
)
def test_a_phone_is_read_as_people_type_it(typed: str, number: str) -> None:
    """Guyane's national numbers are +594; a mobile of mainland France is +33, also in a range that libraries call invalid."""
    assert values.phone(typed) == number


@pytest.mark.parametrize("wrong", ["06941", "abc", "12"])
def test_a_phone_that_cannot_ring_is_dropped(wrong: str) -> None:
    """With a warning; the family is kept."""
    assert isinstance(values.phone(wrong), values.Dropped)
