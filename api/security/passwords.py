"""Account passwords: Argon2id in a bounded pool, never on the event loop. The only importer of passlib."""

import asyncio
import contextlib
import os
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import TypeVar

from passlib.hash import argon2

from api.core.errors import Busy, FieldRefused

T = TypeVar("T")
MIN_LENGTH, MAX_LENGTH = 12, 128  # characters, after NFC
THREADS = max(1, (os.cpu_count() or 2) - 1)  # one core is left to who is signed in (bench/README.md)
LOOKED_AT = 32  # characters of which it is judged how soon they are guessed: more cost more, and these are enough
MOST_WAYS = 64  # of reading signs as letters
WALKED = 0.65  # the part of a password that is a walk on the keyboard; a sentence has a fifth
# Rows of keys, each with its signs: the French one and the American one.
KEYBOARDS = (
    ("1& 2é 3\" 4' 5( 6- 7è 8_ 9ç 0à °)", "aA zZ eE rR tT yY uU iI oO pP ^¨ $£", "qQ sS dD fF gG hH jJ kK lL mM ù% *µ", "wW xX cC vV bB nN ,? ;. :/ !§"),
    ("1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) -_ =+", "qQ wW eE rR tT yY uU iI oO pP [{ ]}", "aA sS dD fF gG hH jJ kK lL ;: '\"", "zZ xX cC vV bB nN mM ,< .> /?"),
)  # fmt: skip
HARD_ENOUGH = 3  # of 4, zxcvbn's word for over 10^8 guesses
QUEUE = 100 * THREADS  # hashes waiting, about 2 s; a further one is answered 503
argon2.set_backend()  # now, and once: two threads that do it at their first hash stand in each other's way (passlib asserts)
_hasher = argon2.using(type="ID", memory_cost=19456, time_cost=2, parallelism=1)


def _give_way() -> None:
    """A crowd that signs in leaves the processor to who is signed in. (On Linux a priority is a thread's own; elsewhere it is left.)"""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


_threads = ThreadPoolExecutor(THREADS, "argon2", initializer=_give_way)
_waiting = 0


async def in_pool(work: Callable[..., T], *args: object) -> T:
    """Run a hash (about 20 ms of one core) in the bounded pool; Busy when the queue is full."""
    global _waiting
    if _waiting >= QUEUE:
        raise Busy
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work, *args)
    finally:
        _waiting -= 1


def normal(password: str) -> str:
    """The same characters for the same password, whatever the keyboard made of the accents."""
    return unicodedata.normalize("NFC", password)


async def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    return await in_pool(_hasher.hash, normal(password))


@cache
def _decoy() -> str:
    return str(_hasher.hash("nobody has this password"))


async def verify(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one. Without a stored hash the same work is done, and the answer is no."""
    matches = bool(await in_pool(_hasher.verify, normal(password), stored or _decoy()))
    return matches and stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether the parameters changed since."""
    return bool(_hasher.needs_update(stored))


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


def _squeeze(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).lower() if c.isalnum())


async def check(password: str, own_words: Iterable[str] = ()) -> None:
    """`check_password` in the pool: milliseconds of a core. Raises FieldRefused; Busy when the queue is full."""
    await in_pool(check_password, password, list(own_words))


def check_password(password: str, own_words: Iterable[str] = ()) -> None:
    """Refuse a password that is too short or too easy to guess; raises FieldRefused with the sentence.

    No rule of composition and no forced renewal: NIST SP 800-63B-4, section 3.1.1.2, and CNIL, deliberation 2022-100.
    """
    length = len(normal(password))
    if length < MIN_LENGTH:
        raise FieldRefused(
            "too-short",
            f"Il faut au moins {MIN_LENGTH} caractères. Trois ou quatre mots font un bon mot de passe.",
            f"At least {MIN_LENGTH} characters are needed. Three or four words make a good password.",
        )
    if length > MAX_LENGTH:
        raise FieldRefused("too-long", f"Au plus {MAX_LENGTH} caractères.", f"At most {MAX_LENGTH} characters.")
    squeezed = _squeeze(password)
    rest = squeezed
    for word in sorted({_squeeze(w) for w in own_words} - {""}, key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) > 2 else rest
    easy = squeezed in _common() or squeezed.strip("0123456789") in _common() or len(set(password)) < 5
    made_of_own_words = rest != squeezed and len(rest.strip("0123456789")) < 4
    if (
        easy
        or _is_sequence(squeezed)
        or _is_walk(normal(password))
        or made_of_own_words
        or _is_soon_guessed(password, own_words)
    ):
        raise FieldRefused(
            "too-easy",
            "Ce mot de passe est trop facile à deviner. Choisissez plusieurs mots sans lien avec vous ou la ville.",
            "This password is too easy to guess. Choose several words unrelated to you or the town.",
        )


def _is_soon_guessed(password: str, own_words: Iterable[str]) -> bool:
    """Whether who knows leaked passwords, names, words, keyboards and what people do with them (l33t, dates, repeats) finds it soon."""
    from zxcvbn import matching, zxcvbn  # 12 MB of lists, for when somebody chooses a password

    looked_at = normal(password)[:LOOKED_AT]
    # Each of them is tried: signs of every kind, which no varied word has, would take half a second of a core.
    ways = prod(max(1, sum(sign in looked_at for sign in signs)) for signs in matching.L33T_TABLE.values())
    if ways > MOST_WAYS:
        return False
    seen = zxcvbn(looked_at, user_inputs=[word for word in own_words if len(word) > 2])
    return bool(seen["score"] < HARD_ENOUGH)


def _is_walk(password: str) -> bool:
    """Whether most of it are steps from a key to one beside it, or the same again, in rows or in columns, with or without shift."""
    steps = list(pairwise(password))
    return any(sum(step in beside for step in steps) > WALKED * len(steps) for beside in _neighbours())


@cache
def _neighbours() -> list[frozenset[tuple[str, str]]]:
    """Of each keyboard, the signs of keys that touch: a key stands between two of the row above."""

    def touching(rows: list[list[str]]) -> frozenset[tuple[str, str]]:
        place = {sign: (r, c) for r, row in enumerate(rows) for c, signs in enumerate(row) for sign in signs}
        beside = {(0, 0), (0, 1), (0, -1), (1, 0), (1, -1), (-1, 0), (-1, 1)}
        return frozenset(
            (one, other) for one, (r, c) in place.items() for other, (s, d) in place.items() if (s - r, d - c) in beside
        )

    return [touching([key.split() for key in keyboard]) for keyboard in KEYBOARDS]


def _is_sequence(text: str) -> bool:
    rows = ("0123456789" * 2, "abcdefghijklmnopqrstuvwxyz")
    half = text[: len(text) // 2]
    return any(text in row or text in row[::-1] for row in rows) or (
        len(half) > 2 and half * 2 == text[: len(half) * 2]
    )
