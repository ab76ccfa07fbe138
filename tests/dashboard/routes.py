"""The HTTP surface as an OpenAPI schema for the fuzzer; `test_fuzzing` holds it against the routes.

What fields hold are values that exist in the home, so that requests reach deep; whatever else a
request may hold, the fuzzer makes by breaking the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
TEXT: Json = {"type": "string", "maxLength": 40}
FORM = "application/x-www-form-urlencoded"
# Dash's own addresses for its scripts, which hold nothing of ours
STATIC = {
    "/static/<path:filename>",
    "/assets/<path:filename>",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
    "/_dash-layout",
    "/_dash-dependencies",
    "/_reload-hash",
    "/_favicon.ico",
    "/signin/<path:filename>",
}


def one_of(values: Sequence[str]) -> Json:
    """One of these; other text is what the fuzzer makes of it."""
    return {"enum": list(values)}


def schema(
    *,
    targets: Sequence[str],
    cases: Sequence[str],
    steps: Sequence[str],
    addresses: Sequence[tuple[str, str]],
    fields: Mapping[str, Sequence[str | int]],
    roles: Sequence[str],
) -> Json:
    """The schema.

    Args:
        targets: what acts may be aimed at: cases, findings, exemptions.
        cases: numbers of cases, for files.
        steps: what POST /act knows.
        addresses: pages with their settings.
        fields: what a step may be given → values that fit.
        roles: titles of roles.
    """
    filled = {name: {"enum": list(known)} for name, known in fields.items()}
    act = _object(
        {
            "target": one_of(targets),
            "step": one_of(steps),
            "version": {"enum": list(range(12))},
            "request": TEXT,
            "role": one_of(roles),
            "given": _object(filled),
        },
        ("target", "step", "version", "given"),
    )
    many = {
        "targets": {"type": "array", "items": one_of(targets), "minItems": 1, "maxItems": 3},
        "step": one_of([*steps, "merge"]),
        "request": TEXT,
        "role": one_of(roles),
        "given": _object(filled),
    }
    years = one_of(["2026", "0000", "²²²²", ""])
    months = one_of(["2026-09", "2026-13", "0000-00"])
    days = one_of(["2026-09-30", "2026-02-30", ""])
    exported = {"reason": one_of(["年度检查"]), "year": years, "period": months}
    exported |= {"at": one_of([f"{path}{search}" for path, search in addresses])}
    exported |= {"table": TEXT, "chart": one_of(["月度累计"]), "range": one_of(["page", "all"])}
    exported |= {"number": one_of(["1", "²", "0"])}
    exported |= {"format": one_of(["xlsx", "csv", "docx", "exe"]), "since": days, "until": days}
    binary: Json = {"type": "string", "format": "binary"}
    forms: dict[str, tuple[str, ...]] = {
        "/login": ("name", "password", "next"),
        "/login/second": ("code",),
        "/login/out": (),
        "/login/operator": ("next",),
        "/login/password": ("old", "new", "again"),
        "/login/role": ("role", "approval"),
        "/login/totp": ("act", "code", "password"),
        "/login/end": ("session", "device"),
        "/m/login": ("pin",),
        "/login/wait": (),
        "/login/code": (),
    }
    paths: Json = {
        "/": {"get": _get()},
        "/{path}": {"get": _get(_path("path", {"enum": [p for p, _ in addresses]}))},
        "/login": {"get": _get(_query("next", TEXT))},
        "/login/password": {"get": _get()},
        "/login/account": {"get": _get()},
        "/m/login": {"get": _get()},
        "/login/oidc": {"get": _get()},
        "/login/oidc/back": {"get": _get(_query("state", TEXT), _query("code", TEXT))},
        "/backtest/{job}": {"get": _get(_path("job", TEXT))},
        "/gate/docs/{name}": {"get": _get(_path("name", TEXT))},
        "/q/{code}": {
            "get": _get(_path("code", TEXT)),
            "post": _post(FORM, _strings(("pin", "again")), _path("code", TEXT)),
        },
        "/d/{code}": {
            "get": _get(_path("code", TEXT)),
            "post": _post(FORM, _strings(("answer", "number")), _path("code", TEXT)),
        },
        "/act": {"post": _post("application/json", act)},
        "/admin/act": {"post": _post("application/json", _administering())},
        "/admin/names": {
            "get": _get(*(_query(kind, TEXT) for kind in ("regions", "departments", "units")))
        },
        "/acts": {"post": _post("application/json", _object(many))},
        "/export/{what}": {
            "post": _post(
                "application/json",
                _object(exported, ("reason",)),
                _path(
                    "what",
                    one_of(["lists", "reconciliation", "matrix", "audit", "page", "digest"]),
                ),
            )
        },
        "/picture": {
            "post": _post("application/json", _object(exported, ("reason", "at", "chart")))
        },
        "/issue/{number}/page": {"get": _get(_path("number", {"enum": [1, 2, 99999]}))},
        "/issue/{number}/state": {"get": _get(_path("number", {"enum": [1, 2, 99999]}))},
        "/issue/{number}/check": {"get": _get(_path("number", {"enum": [1, 2, 99999]}))},
        "/letter/{case}": {"get": _get(_path("case", one_of(cases)))},
        "/inquiry/{unit}/{month}": {
            "get": _get(
                _path("unit", one_of(fields["addressee"])),
                _path("month", months),
            )
        },
        "/inquiry": {
            "post": _post("application/octet-stream", binary, _query("name", one_of(["清单.xlsx"])))
        },
        "/file/{case}": {
            "post": _post(
                "application/octet-stream",
                binary,
                _path("case", one_of(cases)),
                _query("name", one_of(["凭证.pdf", "a.txt", "../../x.png"])),
                _query("role", one_of(roles)),
            )
        },
        "/file/{case}/{digest}": {"get": _get(_path("case", one_of(cases)), _path("digest", TEXT))},
        "/_dash-update-component": {"post": _post("application/json", _callback(addresses))},
    }
    for path, names_ in forms.items():
        paths.setdefault(path, {})["post"] = _post(FORM, _strings(names_))
    return {
        "openapi": "3.1.0",
        "info": {"title": "budget_watch", "version": "1"},
        "paths": paths,
    }


def _administering() -> Json:
    """What a page of 系统管理 sends; who may not is refused before anything is looked at."""
    given = {
        **{"reason": ["机构改革"], "sure": ["1"], "role_code": ["member", "deputy", "king"]},
        **{"name": ["new.one"], "display": ["新"], "session": ["1", "²"], "device": ["1"]},
        **{"until": ["2099-12-31", "2026-02-30"], "of": ["债务率", "x"], "depth": ["voucher"]},
        **{"sensitivity": ["敏感"], "approval": ["1"], "regions": ["990100000"]},
    }
    filled = {name: {"enum": list(known)} for name, known in given.items()}
    asked = {
        "step": one_of(
            ["enable", "rescope", "approve", "end_approval", "end_session", "unbind", "verify"]
        ),
        "target": one_of(["leader", "nobody", "new", "log"]),
        "given": _object(filled, ()),
    }
    return _object(asked)


def _callback(addresses: Sequence[tuple[str, str]]) -> Json:
    """What Dash's own script sends to have a page made."""

    def given(name: str, values: Sequence[str]) -> Json:
        value = {"enum": [*sorted(set(values)), None]}
        return _object({"id": {"const": "url"}, "property": {"const": name}, "value": value})

    output = {"id": {"const": "root"}, "property": {"const": "children"}}
    inputs = [
        given("pathname", [path for path, _ in addresses]),
        given("search", [search for _, search in addresses]),
    ]
    return _object(
        {
            "output": {"const": "root.children"},
            "outputs": _object(output),
            "inputs": {"type": "array", "prefixItems": inputs, "items": False, "minItems": 2},
            "changedPropIds": {"const": ["url.pathname"]},
        }
    )


def _object(properties: Json, required: Sequence[str] | None = None) -> Json:
    needed = list(properties) if required is None else list(required)
    return {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }


def _strings(names: Sequence[str]) -> Json:
    return _object(dict.fromkeys(names, TEXT), ())


def _get(*parameters: Json) -> Json:
    return {"parameters": list(parameters), "responses": {"default": {"description": "any"}}}


def _post(media: str, body: Json, *parameters: Json) -> Json:
    content = {media: {"schema": body}}
    return {**_get(*parameters), "requestBody": {"required": True, "content": content}}


def _path(name: str, values: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": values}


def _query(name: str, values: Json) -> Json:
    return {"name": name, "in": "query", "schema": values}
