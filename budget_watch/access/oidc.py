"""Signing in through a province's single sign-on: OpenID Connect, authorization code with PKCE.

Only whom the system administrator has connected to an account is let in; an unknown identity makes
none. What leaves this machine goes to the configured issuer alone.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import sqlalchemy as sa
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from budget_watch.access import sessions
from budget_watch.access import tables as t
from budget_watch.access.errors import AccessError, SignInError
from budget_watch.access.sessions import Lasting
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

LASTS = 600
_WAIT = 10.0  # seconds for the provider to answer
_SIGNED = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # never none, never HMAC
_AGAIN = "统一认证没有完成，请返回登录页重试。"


@dataclass(frozen=True)
class Provider:
    """One provider as it is configured."""

    title: str
    issuer: str
    client_id: str
    secret: str = field(repr=False)
    scope: str = "openid profile"


@dataclass(frozen=True)
class Leaving:
    """A browser on its way to the provider: where to, and what it must bring back in a cookie."""

    url: str
    state: str


def leave(store: Store, provider: Provider, back: str, next_: str) -> Leaving:
    """Begin: the address to send the browser to.

    Args:
        back: where the provider sends it back to.
        next_: where to go after sign-in.

    Raises:
        SignInError: the provider does not answer.
    """
    about = _about(provider)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with _client(provider, back) as client:
        url, state = client.create_authorization_url(
            about["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
    data = {"verifier": verifier, "nonce": nonce, "next": next_, "back": back}
    with store.writing() as connection:
        connection.execute(
            sa.insert(t.flow).values(
                hash=digest(state),
                kind="oidc",
                state="waiting",
                data=json.dumps(data),
                made_at=store.now,
                expires_at=store.now + LASTS,
            )
        )
    return Leaving(str(url), str(state))


def come_back(
    store: Store,
    provider: Provider,
    answer: dict[str, str],
    state: str,
    device: str,
    address: str,
    lasting: Lasting | None = None,
) -> tuple[str, str]:
    """The browser is back: returns the session's token, and where to go.

    Args:
        answer: the query the provider sent back.
        state: what this browser's cookie says.

    Raises:
        SignInError: refused, out of time, not this browser's, not signed by the provider, or the
            identity is connected to no account.
    """
    data = _own(store, answer, state)
    claims = _identity(provider, answer, data)
    subject = f"{provider.issuer}#{claims['sub']}"
    with store.writing() as connection:
        row = (
            connection.execute(
                sa.select(t.user.c.name, t.user.c.disabled_at).where(t.user.c.subject == subject)
            )
            .mappings()
            .first()
        )
        if row is None or row["disabled_at"] is not None:
            who = Who("", "", "", provider.title)
            store.note(connection, who, "sign_in_failed", "", subject=subject, address=address)
            token = None
        else:
            name = str(row["name"])
            token = sessions.begin(store, connection, name, "oidc", device, address, lasting)
    if token is None:
        raise SignInError(
            f"您的统一认证身份还没有对应的账号。请把下面的标识告诉系统管理员：{subject}"
        )
    return token, str(data["next"])


def _own(store: Store, answer: dict[str, str], state: str) -> dict[str, Any]:
    """What was kept of this browser's leaving; it is used up."""
    said = answer.get("state", "")
    if not state or not secrets.compare_digest(said.encode(), state.encode()):
        raise SignInError(_AGAIN)
    f = t.flow.c
    mine = (f.hash == digest(state), f.kind == "oidc", f.state == "waiting")
    with store.writing() as connection:
        query = sa.select(f.data).where(*mine, f.expires_at > store.now)
        kept = connection.execute(query).scalar()
        connection.execute(sa.update(t.flow).where(*mine).values(state="done"))
    if kept is None:
        raise SignInError(_AGAIN)
    if "error" in answer or "code" not in answer:
        raise SignInError("统一认证没有同意登录。")
    found: dict[str, Any] = json.loads(str(kept))
    return found


def _identity(provider: Provider, answer: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    about = _about(provider)
    try:
        with _client(provider, data["back"]) as client:
            got = client.fetch_token(
                about["token_endpoint"],
                grant_type="authorization_code",
                code=answer["code"],
                code_verifier=data["verifier"],
            )
        keys = KeySet.import_key_set(cast("Any", _fetch(about["jwks_uri"])))
        token = jwt.decode(str(got["id_token"]), keys, algorithms=_SIGNED)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": about["issuer"]},
                "aud": {"essential": True, "value": provider.client_id},
                "sub": {"essential": True},
                "exp": {"essential": True},
            },
            {"nonce": data["nonce"], "client_id": provider.client_id},
        )
        claims.validate(leeway=60)
    except (JoseError, KeyError, ValueError, AccessError) as error:
        raise SignInError(f"统一认证的答复不可信，没有登录（{type(error).__name__}）。") from error
    except Exception as error:  # authlib has several families for what a provider refuses
        if type(error).__module__.split(".")[0] not in ("authlib", "requests"):
            raise
        raise SignInError(f"统一认证没有给出登录结果（{type(error).__name__}）。") from error
    return dict(token.claims)


def _about(provider: Provider) -> dict[str, Any]:
    """What the provider says of itself; its issuer must be the configured one.

    Raises:
        SignInError: it does not answer, or says that it is another.
    """
    about = _fetch(f"{provider.issuer}/.well-known/openid-configuration")
    if str(about.get("issuer", "")).rstrip("/") != provider.issuer:
        raise SignInError(f"{provider.title}自称的签发者与设置不符，没有登录。请系统管理员核对。")
    return about


def _fetch(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url, timeout=_WAIT)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SignInError("统一认证现在连不上，请稍后重试或用密码登录。") from error
    return found


def _client(provider: Provider, back: str) -> Any:
    return OAuth2Session(
        provider.client_id,
        provider.secret,
        scope=provider.scope,
        redirect_uri=back,
        code_challenge_method="S256",
        default_timeout=_WAIT,
    )
