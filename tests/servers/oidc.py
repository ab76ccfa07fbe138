"""A real OpenID provider on a free port: idpyoidc, a certified implementation, behind Flask.

It shares no code with the library that the product signs in with. Who is at its keyboard is set by
the test (`person`); everything else (codes, PKCE, signatures, discovery) is its own doing.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import flask
import waitress
from idpyoidc.message.oauth2 import ResponseMessage
from idpyoidc.message.oidc import AccessTokenRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.oidc.token import Token

CLIENT, SECRET = "budget-watch", "a-secret-of-forty-characters-for-the-test"
_PATHS = {
    "provider_info": (".well-known/openid-configuration", "provider_config.ProviderConfiguration"),
    "authorization": ("authorization", "authorization.Authorization"),
    "token": ("token", "token.Token"),
}


class Oidc:
    """The provider.

    Attributes:
        issuer: its address.
        person: who is signed in there.
    """

    def __init__(self, folder: Path) -> None:
        self.app = flask.Flask("provider")
        self._web = waitress.create_server(self.app, host="127.0.0.1", port=0, threads=2)
        self.issuer = f"http://127.0.0.1:{self._web.effective_port}"
        config = OPConfiguration(_config(self.issuer), base_path=str(folder))
        self._server = Server(config, cwd=str(folder))
        self._routes()
        threading.Thread(target=self._web.run, daemon=True).start()

    @property
    def person(self) -> str:
        return str(self._method.user)

    @person.setter
    def person(self, name: str) -> None:
        self._method.user = name

    @property
    def _method(self) -> Any:
        return self._server.context.authn_broker.get_method_by_id("anon")

    def allow(self, back: str, client: str = CLIENT) -> None:
        """Register the client, to be sent back to one address alone."""
        self._server.context.cdb[client] = {
            "client_secret": SECRET,
            "redirect_uris": [(back, None)],
            "response_types_supported": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "allowed_scopes": ["openid", "profile"],
            "client_salt": "salted",
        }
        self._server.context.keyjar.add_symmetric(client, SECRET)

    def stop(self) -> None:
        self._web.close()

    def _routes(self) -> None:
        @self.app.route("/jwks")
        def jwks() -> Any:
            return flask.jsonify(self._server.context.keyjar.export_jwks(""))

        for name, (path, _) in _PATHS.items():
            endpoint = self._server.get_endpoint(
                "provider_config" if name == "provider_info" else name
            )
            self.app.add_url_rule(
                f"/{path}",
                name,
                lambda endpoint=endpoint: _answer(endpoint),
                methods=["GET", "POST"],
            )


def _answer(endpoint: Any) -> Any:
    """Hand a request to an endpoint and its answer back."""
    request = flask.request
    about = {
        "headers": {k.lower(): v for k, v in request.headers.items()},
        "method": request.method,
        "url": request.url,
        "cookie": [],
    }
    sent = (request.args if request.method == "GET" else request.form).to_dict()
    try:
        asked = endpoint.parse_request(sent, http_info=about)
        if isinstance(asked, ResponseMessage) and "error" in asked:
            return flask.Response(asked.to_json(), 400, content_type="application/json")
        if isinstance(endpoint, Token):
            asked = AccessTokenRequest(**asked)
        done = endpoint.process_request(asked, http_info=about)
        if isinstance(done, ResponseMessage) and "error" in done:
            return flask.Response(done.to_json(), 400, content_type="application/json")
        if "redirect_location" in done:
            return flask.redirect(done["redirect_location"])
        told = endpoint.do_response(request=asked, **done)
    except Exception as error:
        said = json.dumps({"error": "invalid_request", "error_description": str(error)})
        return flask.Response(said, 400, content_type="application/json")
    if told.get("response_placement", endpoint.response_placement) == "url":
        return flask.redirect(told["response"])
    return flask.Response(
        told["response"], told.get("response_code", 200), content_type="application/json"
    )


def _config(issuer: str) -> dict[str, Any]:
    keys = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]
    return {
        "issuer": issuer,
        "keys": {"key_defs": keys, "uri_path": "jwks"},
        "jwks_uri": f"{issuer}/jwks",
        "subject_types_supported": ["public"],
        "add_on": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_method": "S256"},
            }
        },
        "authentication": {
            "anon": {
                "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword",
                "class": "idpyoidc.server.user_authn.user.NoAuthn",
                "kwargs": {"user": "diana"},
            }
        },
        "authz": {
            "class": "idpyoidc.server.authz.AuthzHandling",
            "kwargs": {
                "grant_config": {
                    "usage_rules": {
                        "authorization_code": {
                            "supports_minting": ["access_token", "id_token"],
                            "max_usage": 1,
                        },
                        "access_token": {},
                    },
                    "expires_in": 600,
                }
            },
        },
        "claims_interface": {"class": "idpyoidc.server.session.claims.ClaimsInterface"},
        "token_handler_args": {
            "key_conf": {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": "code"}]},
            "code": {"kwargs": {"lifetime": 600}},
            "token": {
                "class": "idpyoidc.server.token.jwt_token.JWTToken",
                "kwargs": {"lifetime": 600, "aud": [issuer]},
            },
            "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}},
        },
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {}}},
        "endpoint": {
            name: {
                "path": path,
                "class": f"idpyoidc.server.oidc.{kind}",
                "kwargs": {
                    "client_authn_method": ["client_secret_basic"] if name == "token" else None,
                    **({"response_types_supported": ["code"]} if name == "authorization" else {}),
                },
            }
            for name, (path, kind) in _PATHS.items()
        },
    }
