"""Passwords: what may be one (NIST SP 800-63B), how it is kept (argon2id), how guessing is slowed.

A password is judged by its length and by how soon a guesser would try it, never by the kinds of
signs in it; it does not expire. It is compared in Unicode form NFKC, so that it is the same from
every keyboard.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import argon2
from argon2 import PasswordHasher
from zxcvbn import zxcvbn

from budget_watch.access.errors import AccessError

LEAST, MOST = 12, 128
GUESSES = 8  # a password that a guesser finds in fewer than 10^8 tries is common
FREE_TRIES = 5
LONGEST_LOCK = 3600
_WIDE = 0x2E80  # Chinese characters begin here; each is typed as a syllable
_JUDGED = 72  # as many signs as the library looks at
_COMMON = ("woaini", "1314", "520", "5201314", "woaizhongguo", "renda", "yusuan", "budgetwatch")

_hasher = PasswordHasher()  # RFC 9106, the second recommended set: 64 MiB, 3 passes, 4 lanes
_nobody: list[str] = []


def check_new(password: str, about: Sequence[str] = ()) -> None:
    """See that a new password may be used.

    Args:
        about: what a guesser knows of the user: account, name, the committee.

    Raises:
        AccessError: too short, too long, or among the first that would be tried.
    """
    plain = _normal(password)
    long = sum(2 if ord(sign) >= _WIDE else 1 for sign in plain)
    if long < LEAST:
        raise AccessError(
            f"密码至少{LEAST}个字符（一个汉字算两个），现在是{long}个；可以是一句话，不限字符种类。"
        )
    if len(plain) > MOST:
        raise AccessError(f"密码至多{MOST}个字符。")
    known = [word.lower() for word in (*about, *_COMMON) if word]
    judged = zxcvbn(plain[:_JUDGED], user_inputs=known)
    if judged["guesses_log10"] < GUESSES:
        raise AccessError("这个密码太常见，容易被猜到。请换一句别人想不到的话，长一些即可。")


def hashed(password: str) -> str:
    """The password as it is stored, a PHC string with its own salt and parameters."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; takes as long where there is none."""
    if stored is None:
        if not _nobody:
            _nobody.append(_hasher.hash("nobody"))
        stored, nobody = _nobody[0], True
    else:
        nobody = False
    try:
        return _hasher.verify(stored, _normal(password)) and not nobody
    except argon2.exceptions.VerificationError:
        return False


def outdated(stored: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def lock_seconds(failures: int) -> int:
    """How long an account is locked after so many failures in a row: doubling from a minute."""
    if failures < FREE_TRIES:
        return 0
    return int(min(60 * 2 ** min(failures - FREE_TRIES, 10), LONGEST_LOCK))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
