"""Signs requests 验签, as docs/sources/http.md writes it down for the other side.

What is signed is text of six lines, in UTF-8, joined by one line feed each:

    GET
    /ifa/pay/vouchers                                   path as sent
    page=1&size=1000&updated_since=2026-11-18%2000%3A00%3A00   query, see `query_text`
    e3b0c442…                                           SHA-256 (or SM3) of the body, hexadecimal
    1795017600                                          seconds since 1970, UTC
    6f1c…                                               32 hexadecimal digits, never used twice

The signature is the HMAC of it in hexadecimal, small letters.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from ingest.sources.http.settings import Signing


def query_text(params: Iterable[tuple[str, str]]) -> str:
    """The query as it is sent and signed: by name, then value; all but A-Za-z0-9-._~ escaped."""
    pairs = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in params)
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed_text(
    method: str, path: str, query: str, body_digest: str, timestamp: str, nonce: str
) -> bytes:
    """The six lines that are signed."""
    return "\n".join((method.upper(), path, query, body_digest, timestamp, nonce)).encode()


@dataclass(frozen=True)
class Signer:
    """Makes the headers of one request. `clock` gives seconds since 1970."""

    settings: Signing
    secret: bytes
    clock: Callable[[], float] = time.time

    def headers(self, method: str, path: str, query: str, body: bytes = b"") -> dict[str, str]:
        """The headers that carry key, time, nonce and signature."""
        stamp, nonce = str(int(self.clock())), secrets.token_hex(16)
        text = signed_text(method, path, query, self._digest(body), stamp, nonce)
        return {
            self.settings.key_header: self.settings.key_id,
            self.settings.time_header: stamp,
            self.settings.nonce_header: nonce,
            self.settings.sign_header: self._mac(text),
        }

    def _digest(self, body: bytes) -> str:
        if self.settings.method == "HMAC-SHA256":
            return hashlib.sha256(body).hexdigest()
        digest = hashes.Hash(hashes.SM3())
        digest.update(body)
        return digest.finalize().hex()

    def _mac(self, text: bytes) -> str:
        if self.settings.method == "HMAC-SHA256":
            return hmac.new(self.secret, text, hashlib.sha256).hexdigest()
        mac = HMAC(self.secret, hashes.SM3())
        mac.update(text)
        return mac.finalize().hex()
