"""Numbers in running text: which stand there, and in which sentence.

Digits of any width and amounts in Chinese numerals. Days, periods, ordinals and numbers of laws
name things and measure nothing: they are told apart.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DIGITS = r"[-−]?\d[\d,，]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
_CHINESE = r"[零〇一二两三四五六七八九十百千万亿]"
_FIRST = r"(?<![\d.])[零〇一二两三四五六七八九十百千]"
_UNITS = r"(?:亿元|万元|元|个百分点|倍|成|%)"
_NAMES = (
    r"\d{4}\s*[—–-]\s*\d{4}\s*年度?",
    r"\d{4}\s*年度?(?:\s*\d{1,2}\s*[—–-]\s*\d{1,2}\s*月|\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?)?",
    r"\d{1,2}\s*[—–-]\s*\d{1,2}\s*月",
    r"\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?",
    r"\d{4}-\d{1,2}-\d{1,2}",
    r"\d{1,2}:\d{2}(?::\d{2})?",
    r"第\s*\d+\s*[期号条款项次章页届季个]?",
    r"[〔\[]\d{4}[〕\]]\s*\d+\s*号",
    r"(?:表|图|附件)\s*\d+",
    r"[A-Z]{2,5}-\d{2}",
)
_TOKEN = re.compile(
    rf"(?P<name>{'|'.join(_NAMES)})|(?P<number>{_DIGITS}"
    rf"|百分之{_CHINESE}+(?:点{_CHINESE}+)?|{_FIRST}{_CHINESE}*(?:点{_CHINESE}+)?(?={_UNITS}))"
)
_SENTENCE = re.compile(r"[^。；！？\n]*[。；！？\n]?")


@dataclass(frozen=True)
class Found:
    """A number in a text.

    Attributes:
        text: as it stands there, digits in half width. names: it is a day, a period, an ordinal.
        at: where it begins.
    """

    text: str
    names: bool
    at: int


def numbers(text: str) -> list[Found]:
    """The numbers of a text in order."""
    narrow = "".join(_narrow(sign) for sign in text)
    return [
        Found(re.sub(r"\s", "", m.group()), m["name"] is not None, m.start())
        for m in _TOKEN.finditer(narrow)
    ]


def sentence_at(text: str, at: int) -> str:
    """The sentence of a text in which a sign stands."""
    for found in _SENTENCE.finditer(text):
        if found.start() <= at < found.end():
            return found.group().strip()
    return text.strip()


def _narrow(sign: str) -> str:
    """Digits and marks of full width as their half, sign by sign, so that places stay."""
    if not "\uff01" <= sign <= "\uff5e":
        return sign
    plain = unicodedata.normalize("NFKC", sign)
    return plain if plain.isdigit() or plain in ".%-+" else sign
