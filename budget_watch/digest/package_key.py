"""The key that signs offline packages: Ed25519 (RFC 8032), a file outside lake and database.

Whoever holds the public half can tell a package of this installation from one that was changed or
made elsewhere. `<home>/keys/package.pub` may be given to anybody.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from budget_watch.access.store import key_file
from budget_watch.digest.errors import DigestError

FOLDER, PRIVATE, PUBLIC = "keys", "package.key", "package.pub"


def private_key(root: Path) -> Ed25519PrivateKey:
    """The key of the installation at this folder, made where there is none.

    Raises:
        DigestError: the file is no such key.
    """
    text = key_file(root / FOLDER / PRIVATE, _new)
    try:
        found = serialization.load_pem_private_key(text, None)
    except ValueError as error:
        raise DigestError(
            f"签名密钥 {root / FOLDER / PRIVATE} 读不出来；请放回保管的一份。"
        ) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise DigestError(f"签名密钥 {root / FOLDER / PRIVATE} 不是 Ed25519 的密钥。")
    public = root / FOLDER / PUBLIC
    if not public.exists():
        public.write_bytes(_pem(found.public_key()))
    return found


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a file.

    Raises:
        DigestError: it is not there, or no such key.
    """
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DigestError(f"公钥 {path} 读不出来；请用签发的系统给出的 package.pub。") from error
    if not isinstance(found, Ed25519PublicKey):
        raise DigestError(f"公钥 {path} 不是 Ed25519 的公钥。")
    return found


def fingerprint(key: Ed25519PublicKey) -> str:
    """Which key it is: 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _new() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
