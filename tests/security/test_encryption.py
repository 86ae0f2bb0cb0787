"""What the database may hold but not read."""

import base64

import pytest

from api.security.secrets import decrypt, decrypt_bytes, encrypt, encrypt_bytes

NEW, OLD = "n" * 40, "o" * 40


def test_the_same_text_is_another_each_time_and_is_read_again() -> None:
    """Nobody sees that two are alike."""
    twice = {encrypt([NEW], "JBSWY3DPEHPK3PXP") for _ in range(2)}
    assert len(twice) == 2
    assert {decrypt([NEW], one) for one in twice} == {"JBSWY3DPEHPK3PXP"}


def test_a_former_key_reads_and_no_longer_writes() -> None:
    """Until everything is written anew."""
    before, after = encrypt([OLD], "x"), encrypt([NEW, OLD], "x")
    assert decrypt([NEW, OLD], before) == decrypt([NEW, OLD], after) == "x"
    assert decrypt([NEW], before) is None
    assert decrypt([OLD], after) is None


def test_one_changed_bit_is_noticed() -> None:
    """Of the mark, of the nonce, of the text, of what proves it."""
    stored = encrypt_bytes([NEW], b"content")
    for place in range(len(stored)):
        assert decrypt_bytes([NEW], stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]) is None


@pytest.mark.parametrize("stored", ["", "x", "é", "AAAA", base64.urlsafe_b64encode(b"\0" * 40).decode(), "=" * 9])
def test_what_was_never_encrypted_is_read_as_nothing(stored: str) -> None:
    """Somebody may send anything where a set-up of a second factor belongs."""
    assert decrypt([NEW], stored) is None
