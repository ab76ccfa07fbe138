"""The province's single sign-on (统一认证) of a home: `[access.oidc]` of its settings.

[access.oidc]
title = "省统一认证"
issuer = "https://sso.example.gov.cn"      # its /.well-known/openid-configuration is read
client_id = "budget-watch"
client_secret_file = "keys/oidc.secret"    # in the home, or absolute
"""

from __future__ import annotations

from pathlib import Path

from budget_watch.access.errors import AccessError
from budget_watch.access.oidc import Provider
from budget_watch.casework.accounts import settings

_NEEDED = ("issuer", "client_id", "client_secret_file")


def provider(root: Path) -> Provider | None:
    """The configured provider; None where there is none.

    Raises:
        AccessError: a setting is missing, or the secret's file cannot be read.
    """
    said = settings(root).get("oidc")
    if said is None:
        return None
    if not isinstance(said, dict):
        raise AccessError("设置 [access.oidc] 应为一节，含 issuer、client_id、client_secret_file。")
    missing = [name for name in _NEEDED if not isinstance(said.get(name), str)]
    if missing:
        raise AccessError(f"设置 [access.oidc] 缺少 {'、'.join(missing)}。")
    path = root / Path(str(said["client_secret_file"])).expanduser()
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AccessError(f"统一认证的密钥文件 {path} 读不出：{error.strerror}。") from error
    return Provider(
        title=str(said.get("title") or "单位统一认证"),
        issuer=str(said["issuer"]).rstrip("/"),
        client_id=str(said["client_id"]),
        secret=secret,
        scope=str(said.get("scope") or "openid profile"),
    )
