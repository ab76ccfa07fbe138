"""The key of the chain: a file outside the database, readable by its owner alone.

Whoever can write to the database but does not hold this file cannot make an entry that verifies.
`[audit] key` of the settings may name a file on another disk; the default is `<home>/audit/key`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from budget_watch.audit.errors import AuditError

FOLDER = "audit"
_SETTINGS = "budget_watch.toml"


@dataclass(frozen=True)
class AuditKey:
    """Where the key lies. It is read at each use, so that a key taken away counts at once."""

    path: Path

    def read(self) -> bytes:
        """The key, 32 bytes.

        Raises:
            AuditError: it is not there, others may read it, or it is no key.
        """
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise AuditError(
                f"审计日志的密钥 {self.path} 不在。请由审计管理员放回保存的密钥文件"
                "（不能用新密钥代替：旧记录将无法校验），或核对设置 [audit] key。"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(f"审计日志的密钥 {self.path} 读不出来：{error}。") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise AuditError(
                f"审计日志的密钥 {self.path} 别人也能读写（{stat.filemode(mode)}）。"
                f"请运行 chmod 600 {self.path}，并由审计管理员判断密钥是否已外泄。"
            )
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise AuditError(f"审计日志的密钥 {self.path} 内容不对：应为 64 位十六进制数。")
        return key

    def make(self) -> None:
        """Make a new key where there is none; of two that make one at once, the first counts."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_hex(32).encode("ascii") + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        sync_folder(self.path.parent)


def fingerprint(key: bytes) -> str:
    """Which key it is, without telling it: 16 hexadecimal digits."""
    return hashlib.sha256(b"budget_watch audit key\0" + key).hexdigest()[:16]


def key_of(root: Path) -> AuditKey:
    """The key of the installation at this folder.

    Raises:
        AuditError: the settings name a key file in a way that cannot be read.
    """
    return AuditKey(_configured(root) or root / FOLDER / "key")


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settings(root: Path) -> dict[str, object]:
    """The `[audit]` table of the settings, empty where there is none.

    Raises:
        AuditError: the settings are no TOML.
    """
    path = root / _SETTINGS
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("audit", {})
    except tomllib.TOMLDecodeError as error:
        raise AuditError(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error
    return found if isinstance(found, dict) else {}


def _configured(root: Path) -> Path | None:
    named = settings(root).get("key")
    if named is None:
        return None
    if not isinstance(named, str) or not named:
        raise AuditError(f"设置文件 {root / _SETTINGS} 的 [audit] key 应写一个文件路径。")
    return root / Path(named).expanduser()
