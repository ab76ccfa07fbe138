"""The offline package of a session: one HTML file, encrypted, signed, with a last day.

The contents are sealed by AES-256-GCM under a key that PBKDF2-HMAC-SHA256 makes of a passphrase;
the head (whom it is for, until when) is bound to them, so that a changed date opens nothing. The
whole file up to its last line is signed by Ed25519. A file can be read by whoever has it and the
passphrase, and a device's clock can be set back: the last day is a reminder, not a lock.
Sources: NIST SP 800-38D (GCM), RFC 8018 (PBKDF2), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from importlib import resources

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from budget_watch.digest.errors import DigestError
from budget_watch.digest.package_key import fingerprint

ROUNDS = 600_000  # of PBKDF2
LEAST = 12  # signs of a passphrase
_LAST = 146  # bytes of the line that holds the signature
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_SEAL = re.compile(rb"<!-- Ed25519 ([0-9a-f]{128}) -->\n")
_HEAD = re.compile(r'<script type="application/json" id="head">(\{.*?\})</script>', re.DOTALL)


@dataclass(frozen=True)
class Head:
    """What stands open on a package.

    Attributes:
        user, name: for whom it was made, under whose rights.
        made_at, expires: ISO with offset. key: fingerprint of the key that signed it.
    """

    session: str
    title: str
    user: str
    name: str
    made_at: str
    expires: str
    snapshot: str
    as_of: str
    key: str


@dataclass(frozen=True)
class Verified:
    """What verifying came to: the head as the file says, and what is wrong; nothing is sound."""

    head: Head | None
    expired: bool
    wrong: str

    @property
    def sound(self) -> bool:
        """Whether it is as it was signed."""
        return not self.wrong

    @property
    def sentence(self) -> str:
        """What came of it, for people."""
        if self.wrong or self.head is None:
            return self.wrong
        until = f"有效至 {self.head.expires[:16].replace('T', ' ')}"
        past = "，已到期" if self.expired else ""
        return f"签名相符：{self.head.title}，{self.head.name}（{self.head.user}），{until}{past}。"


def new_passphrase() -> str:
    """Five groups of four signs that are not mistaken for each other: 98 bits."""
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


def write_package(
    head: Head,
    contents: str,
    passphrase: str,
    key: Ed25519PrivateKey,
    rounds: int = ROUNDS,
) -> bytes:
    """The file.

    Args:
        contents: HTML without scripts, shown once the passphrase was given.

    Raises:
        DigestError: the passphrase is too short.
    """
    phrase = plain_phrase(passphrase)
    if len(phrase) < LEAST:
        raise DigestError(f"口令至少 {LEAST} 个字符；文件拿得到的人都可以一直试下去。")
    if head.key != fingerprint(key.public_key()):
        raise DigestError("材料头写的签名密钥不是现在用的这一把。")
    open_ = json.dumps(asdict(head), ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    own = hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, rounds)
    data = AESGCM(own).encrypt(nonce, contents.encode(), open_.encode())
    parts = {"salt": salt, "nonce": nonce, "data": data}
    sealed = {name: base64.b64encode(value).decode() for name, value in parts.items()}
    page = _page(head, open_, json.dumps({**sealed, "rounds": rounds}))
    return page + f"<!-- Ed25519 {key.sign(page).hex()} -->\n".encode()


def plain_phrase(passphrase: str) -> str:
    """A passphrase as the key is made of it: without blanks around it, one form of each sign."""
    return unicodedata.normalize("NFKC", passphrase).strip()


def verify_package(content: bytes, key: Ed25519PublicKey, now: datetime | None = None) -> Verified:
    """Whether a file is a package that this key signed, unchanged to the byte."""
    body, seal = content[:-_LAST], _SEAL.fullmatch(content[-_LAST:])
    found = _HEAD.search(body.decode("utf-8", "replace"))
    try:
        head = Head(**json.loads(found.group(1))) if found else None
    except (ValueError, TypeError):
        head = None
    if head is None or seal is None:
        return Verified(head, False, "不是本系统的离线材料，或文件头尾被改、被截断。")
    if head.key != fingerprint(key):
        wrong = f"签名用的密钥是 {head.key}，不是核对用的 {fingerprint(key)}：不是本系统签的。"
        return Verified(head, False, wrong)
    try:
        key.verify(bytes.fromhex(seal.group(1).decode()), body)
    except InvalidSignature:
        return Verified(head, False, "签名不符：文件签名以后被改过，请不要使用，重新取一份。")
    over = datetime.fromisoformat(head.expires) <= (now or datetime.now(UTC))
    return Verified(head, over, "")


def _page(head: Head, open_: str, sealed: str) -> bytes:
    script, style = _own("package.js"), _own("package.css")
    sums = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for name, text in (("script", script), ("style", style))
    }
    policy = (
        f"default-src 'none'; script-src 'sha256-{sums['script']}'; "
        f"style-src 'sha256-{sums['style']}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    until = head.expires[:16].replace("T", " ")
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(head.title)} 离线材料</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(head.title)}</h1>
<p>{escape(head.name)}（{escape(head.user)}）的离线材料，按本人权限编制</p>
<p>数据截至 {escape(head.as_of)}，快照 {escape(head.snapshot)}</p>
<p class="until">有效至 <b>{until}</b>（北京时间）</p>
</header>
<p id="over" class="over" hidden>本材料已于 {until} 到期，不再显示。请登录系统查看。</p>
<noscript><p class="over">请用浏览器打开；这个程序不运行页面里的脚本，显示不了。</p></noscript>
<form id="open">
<label for="phrase">口令</label>
<input id="phrase" type="password" autocomplete="off" required>
<button type="submit">打开</button>
<p id="said" role="alert"></p>
</form>
<main id="contents"></main>
<script type="application/json" id="head">{open_}</script>
<script type="application/json" id="sealed">{sealed}</script>
<script>{script}</script>
</body>
</html>
""".encode()


def _own(name: str) -> str:
    return (resources.files("budget_watch.digest") / name).read_text("utf-8")
