"""The symbols of a key, without a database."""

import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw
from hypothesis import given
from hypothesis import strategies as st

from api.security.secrets import ALPHABET, check_symbol, hash_service_key, new_service_key, read_service_key

bodies = st.text(ALPHABET, min_size=11, max_size=11)


@given(bodies, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_every_single_wrong_symbol_is_caught(body: str, place: int, other: str) -> None:
    """Replacing any one of the 12 symbols by another never gives a key that reads."""
    whole = body + check_symbol(body)
    wrong = whole[:place] + other + whole[place + 1 :]
    assert (read_service_key(wrong) is None) == (wrong != whole)


@given(bodies, st.integers(0, 11), st.integers(0, 11))
def test_every_swap_is_caught(body: str, one: int, other: int) -> None:
    """Exchanging any two different symbols never gives a key that reads."""
    symbols = list(body + check_symbol(body))
    symbols[one], symbols[other] = symbols[other], symbols[one]
    swapped = "".join(symbols)
    assert (read_service_key(swapped) is None) == (swapped != body + check_symbol(body))


def test_a_shown_key_reads_back_and_new_ones_differ() -> None:
    """Three groups of four; a thousand keys are a thousand."""
    keys = {new_service_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(read_service_key(k) == k.replace("-", "") for k in keys)


def test_look_alikes_are_read_as_what_was_meant() -> None:
    """O as 0, I and L as 1, in either case."""
    body = "01ABC01DEF0"
    whole = body + check_symbol(body)
    assert read_service_key(whole.replace("0", "O").replace("1", "I")) == whole
    assert read_service_key(whole.replace("0", "o").replace("1", "l")) == whole


def test_the_hash_depends_on_the_pepper() -> None:
    """A stolen table of hashes cannot be tried without the pepper, and the same key is found again by one look-up."""
    one, again, other = (hash_service_key("K7QM2XDP9RTF", p) for p in ("a" * 32, "a" * 32, "b" * 32))
    assert one == again != other


def test_the_hash_is_as_slow_as_a_passwords() -> None:
    """Argon2id, 19,456 KiB, two passes, one lane: computed here once more from the rule."""
    peppered = hmac.digest(b"a" * 32, b"K7QM2XDP9RTF", "sha256")
    salt = hashlib.sha256(b"foyer-service-key-1").digest()[:16]
    assert hash_service_key("K7QM2XDP9RTF", "a" * 32) == hash_secret_raw(peppered, salt, 2, 19_456, 1, 32, Type.ID)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No input breaks the reader."""
    key = read_service_key(text)
    assert key is None or len(key) == 12
