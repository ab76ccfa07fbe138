"""Schemathesis over the HTTP surface as each role: no 5xx, no traceback, nothing outside the scope.

`BUDGET_WATCH_FUZZ=5000` sends so many requests, other ones each time; without it a few hundred,
always the same.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from budget_watch.access import Grant, Scope
from budget_watch.casework import tables
from budget_watch.casework.accounts import grant_as
from budget_watch.casework.acting import act
from budget_watch.casework.cases import Desk, actor_of, get_case, next_steps, workflow_of
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.exemption_acts import Wanted, register
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from dashboard.app import create_app
from tests.casework.made_cases import LI, WANG, ZHAO, do
from tests.dashboard.routes import STATIC, schema
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_role_matrix import PEOPLE, asked, forbidden

WHOLE = Grant.system("test")
LONGER = os.environ.get("BUDGET_WATCH_FUZZ")
REQUESTS = int(LONGER) if LONGER else 220
OFFICE = {
    "clerk": ("clerk", Scope()),
    "reviewer": ("reviewer", Scope()),
    "signer": ("signer", Scope()),
    "leader": ("leader", Scope()),
    "deputy": ("deputy", Scope()),
    "finance": ("finance", Scope(regions=frozenset({"990100000"}))),
    "unit": ("unit_clerk", Scope(units=frozenset({"101001"}))),
    "chief": ("unit_finance", Scope(units=frozenset({"101001"}))),
    "head": ("unit_head", Scope(units=frozenset({"101001"}))),
    "sysadm": ("system_admin", Scope()),
    "security": ("security_admin", Scope()),
    "auditor": ("audit_admin", Scope()),
}
OFFICES = (
    *(("/admin", ""), ("/admin/accounts", "?role=deputy&q=l"), ("/admin/accounts/leader", "")),
    *(
        ("/admin/matrix", "?role=deputy"),
        ("/admin/audit", "?act=user.&since=2026-01-01"),
        ("/m", ""),
    ),
)
HOW = settings(
    max_examples=REQUESTS,
    deadline=None,
    derandomize=LONGER is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NASTY = (
    *("\ud800", "\0", "a\0b", "字" * 30_000, "\u202e", "' OR 1=1 --", "%00", "../../etc/passwd"),
    *("２０２６", "{}", "%s", "\r\nX: y", 2**70, -(2**70), True, None, 1.5, [], {}, [[[]]], "−1"),
)
CONTENT = (b"%PDF-1.4\n%%EOF\n", "说明".encode(), b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"")
TOKENS = st.sampled_from([True] * 9 + [False])
MODES = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


class World:
    """A home with its people, its application, and the operations of its schema."""

    def __init__(self, home: Home, people: list[str], targets: list[str], cases: list[str]) -> None:
        self.home, self.people = home, people
        self.app = create_app(home)
        self.browsers: dict[str, Browser] = {}
        self.answers: Counter[tuple[str, int]] = Counter()
        flow = workflow_of(home.root)
        steps = [step.id for step in flow.transitions]
        steps += ["rate", "follow", "unfollow", "seen", "exempt", "exempt_confirm", "exempt_end"]
        fields = {
            **{"reason": ["已核对凭证"], "text": ["请说明。"], "number": ["预工〔2026〕77号"]},
            **{
                "result": [*flow.results],
                "document": [*flow.documents],
                "level": ["red", "yellow"],
            },
            **{"addressee": ["101", "101001", "102001", "财政"], "objection": [*flow.objections]},
            **{"committed": ["2027-06-30", "2026-02-30"], "clock": [*flow.clock], "days": [1, 5]},
            **{"rung": [rung.id for rung in flow.ladder], "word": ["满意", "不满意"]},
            **{"remark": ["没有说清"], "scope": ["grain", "unit", "dept"]},
            **{"from": ["2026-01-01"], "to": ["2099-12-31"], "law": ["budget-law:35", ""]},
        }
        raw = schema(
            targets=[*targets, "inbox", "new"],
            cases=cases,
            steps=steps,
            addresses=[*asked(home), *OFFICES, ("/inbox", ""), ("/todo", ""), ("/exemptions", "")],
            fields=fields,
            roles=[*flow.party],
        )
        found = schemathesis.openapi.from_dict(raw).get_all_operations()
        self.operations = [each.ok() for each in found]

    def browser(self, name: str) -> Browser:
        """Somebody's browser, signed in; a stranger's is not."""
        if name not in self.browsers:
            self.browsers[name] = Browser(self.home, self.app)
        found = self.browsers[name]
        if name != "stranger" and found.get("/login/account").status_code != 200:
            found = self.browsers[name] = Browser(self.home, self.app)
            assert found.sign_in(name).status_code == 302, name
        return found

    def send(self, name: str, case: Any, tokens: bool) -> tuple[Any, str]:
        """Send one case; returns the answer and what was asked, as one text."""
        browser = self.browser(name)
        body, more = case.body, {}
        if not isinstance(body, bytes | str | dict | list | int | float | bool | None):
            body = b""  # not set
        if case.media_type == "application/json":
            body = json.dumps(body, default=str).encode()
        elif isinstance(body, dict):
            body = {str(k): _plain(v) for k, v in body.items()}
        else:
            body = body if isinstance(body, bytes) else str(body).encode("utf-8", "replace")
        headers = {str(k): str(v) for k, v in (case.headers or {}).items()}
        headers = {k: v for k, v in headers.items() if v.isascii() and v.isprintable()}
        if case.media_type:
            more["content_type"] = case.media_type
        cookie = browser.client.get_cookie("_csrf_token")
        if tokens:
            headers["X-Budget-Watch"] = "act"
            headers |= {"X-CSRFToken": cookie.value} if cookie else {}
        answer = browser.client.open(
            case.formatted_path,
            method=case.method.upper(),
            query_string={k: str(v) for k, v in (case.query or {}).items()},
            data=None if case.method.upper() == "GET" else body,
            headers=headers,
            environ_base=browser.base,
            **more,
        )
        self.answers[case.path, answer.status_code] += 1
        said = f"{case.method} {case.formatted_path} {case.query} {body!r}"
        return answer, said + (body.decode("utf-8", "replace") if isinstance(body, bytes) else "")


def _plain(value: Any) -> str:
    """A form's value: the client sends no half characters."""
    return str(value).encode("utf-8", "replace").decode()


def sound(answer: Any, said: str) -> str:
    """What must hold of every answer; returns its text."""
    text = answer.get_data(as_text=True) if answer.mimetype != "application/octet-stream" else ""
    if answer.mimetype == "application/json":
        text = json.dumps(answer.json, ensure_ascii=False)
    assert answer.status_code < 500, (answer.status_code, said, text[:2000])
    for word in ("Traceback (most recent call last)", 'File "/', "sqlalchemy.exc", "werkzeug."):
        assert word not in text, (said, text[:2000])
    assert "未能载入（编号" not in text, (said, text[:2000])
    assert answer.headers["X-Content-Type-Options"] == "nosniff", said
    return text


def copied(home: Home, folder: Path) -> Home:
    engine(home).dispose()
    shutil.copytree(home.root, folder)
    return Home(folder)


@pytest.fixture(scope="module")
def outside(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """People who see a part: nothing is addressed to them, so what they may not see is known."""
    made = copied(home, tmp_path_factory.mktemp("fuzz") / "outside")
    for name, (role, more) in PEOPLE.items():
        make(store_at(made), name, role, **more)
    with writing(made) as connection:
        f = tables.finding
        ids = list(connection.execute(sa.select(f.c.id).order_by("id")).scalars())
        connection.execute(sa.update(f).where(f.c.id.in_(ids[::2])).values(work_state="已转交"))
    number = exempt(made)
    targets = [each[:16] for each in ids[::5]] + [number]
    yield World(made, [*PEOPLE, "stranger"], targets, ["2026-0001"])
    engine(made).dispose()


@pytest.fixture(scope="module")
def office(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """People who act on cases at all stages; each of their acts changes what the next may do."""
    made = copied(home, tmp_path_factory.mktemp("fuzz") / "office")
    for name, (role, scope) in OFFICE.items():
        make(store_at(made), name, role, scope=scope)
    ids = [f.finding for f in list_findings(made, WHOLE)][:8]
    for number, target in enumerate(ids[:6]):
        act(made, LI, target, "take")
        if number < 4:
            do(made, LI, target, "uphold")
        if number < 2:
            do(made, LI, target, "draft", addressee="101001")
            do(made, WANG, target, "review")
            do(made, ZHAO, target, "sign")
            do(made, LI, target, "transfer", number=f"预工〔2026〕{number}号")
    cases = [f"2026-{number:04}" for number in range(1, 7)]
    targets = [*cases, *ids, exempt(made)]
    yield World(made, [*OFFICE, "stranger"], targets, cases)
    engine(made).dispose()


def exempt(home: Home) -> str:
    from datetime import date

    found = next(f for f in list_findings(home, WHOLE) if f.rule.startswith("PZ"))
    term = (date(2026, 1, 1), date(2099, 12, 31), "集中结算")
    scope = {"agency_code": "101001"}
    wanted = Wanted(found.rule, scope, *term, levels=("yellow",), document="会议纪要")
    try:
        return register(home, LI, wanted)
    except Exception:
        wanted = Wanted(found.rule, scope, *term, basis=({"law": "budget-law", "article": "35"},))
        return register(home, LI, wanted)


def test_the_schema_names_every_route_that_holds_anything(outside: World) -> None:
    def plain(rule: str) -> str:
        return (
            rule.replace("<path:", "<").replace("<string:", "<").replace("<", "{").replace(">", "}")
        )

    served = {
        (plain(rule.rule), method)
        for rule in outside.app.server.url_map.iter_rules()
        if rule.rule not in STATIC
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }
    named = {(each.path, each.method.upper()) for each in outside.operations}
    assert named == served


@pytest.mark.slow
def test_no_answer_is_a_fault_or_tells_what_lies_outside_the_scope(outside: World) -> None:
    secrets = {name: forbidden(outside.home, name) for name in PEOPLE}
    stranger = set().union(*secrets.values())

    @HOW
    @given(st.data(), st.sampled_from(outside.people), TOKENS)
    def one(data: st.DataObject, name: str, tokens: bool) -> None:
        case = drawn(outside, data)
        answer, said = outside.send(name, case, tokens)
        text = sound(answer, said)
        secret = stranger if name == "stranger" else secrets[name]
        leaked = {word for word in secret if word in text and word not in said}
        assert not leaked, (name, said, sorted(leaked)[:5])

    one()


def test_text_that_cannot_be_kept_is_refused_in_a_sentence(office: World) -> None:
    """Half characters and NUL: no database takes them, and a page never sends them."""
    browser = office.browser("clerk")
    cookie = browser.client.get_cookie("_csrf_token")
    assert cookie is not None
    headers = {"X-Budget-Watch": "act", "X-CSRFToken": cookie.value}
    found = get_case(office.home, LI, "2026-0006")
    body = {
        "target": "2026-0006",
        "step": "note",
        "version": found.version,
        "request": "n",
        "role": "",
    }
    for bad in ("核对\ud800", "核对\0凭证"):
        for asked_ in (
            {**body, "given": {"reason": bad}},
            {**body, "given": {"reason": "已核对"}, "request": bad},
            {**body, "given": {"reason": "已核对"}, "target": bad},
            {**body, "given": {"reason": "已核对", bad: "x"}},
        ):
            answer = browser.post("/act", json=asked_, headers=headers)
            assert answer.status_code in (404, 422), (asked_, answer.status_code)
        told = browser.page("/search", f"?q={bad}")
        assert told.status_code in (200, 400)
    for path in ("/q/a%00b", "/login?next=%00", "/file/2026-0001/%00"):
        assert browser.get(path).status_code == 400
    assert browser.form("/login/password", "/login/password", old="a\0b").status_code == 400
    assert get_case(office.home, LI, "2026-0006") == found


@pytest.mark.slow
def test_no_act_of_anybody_is_a_fault(office: World) -> None:
    @HOW
    @given(st.data(), st.sampled_from(office.people), TOKENS)
    def one(data: st.DataObject, name: str, tokens: bool) -> None:
        case = drawn(office, data)
        if case.path == "/act" and isinstance(case.body, dict) and data.draw(st.booleans()):
            case.body = offered(office, name, case.body)
        sound(*office.send(name, case, tokens))

    one()
    _reached(office, {("/act", 200), ("/act", 422), ("/_dash-update-component", 200)})


def _reached(world: World, wanted: set[tuple[str, int]]) -> None:
    """The requests did not all break at the door."""
    assert wanted <= world.answers.keys(), sorted(world.answers)


def drawn(world: World, data: st.DataObject) -> Any:
    """A request; half of them to the two addresses behind which nearly everything lies."""
    main = [each for each in world.operations if each.path in ("/act", "/_dash-update-component")]
    operation = data.draw(st.one_of(st.sampled_from(world.operations), st.sampled_from(main)))
    case = data.draw(operation.as_strategy(data.draw(MODES)))
    if case.media_type == "application/octet-stream":
        case.body = data.draw(st.one_of(st.sampled_from(CONTENT), st.binary(max_size=40)))
    elif data.draw(st.integers(0, 3)) == 3:
        case.body = spoilt(
            case.body, data.draw(st.sampled_from(NASTY)), data.draw(st.integers(0, 9))
        )
    return case


def spoilt(body: Any, nasty: Any, at: int) -> Any:
    """A body with one of its values replaced by one that is hard to bear."""
    if not isinstance(body, dict) or not body:
        return body
    name = sorted(body, key=str)[at % len(body)]
    inner = body[name]
    if isinstance(inner, list) and inner:
        place = at % len(inner)
        return {
            **body,
            name: [*inner[:place], spoilt(inner[place], nasty, at), *inner[place + 1 :]],
        }
    deep = isinstance(inner, dict) and inner
    return {**body, name: spoilt(inner, nasty, at) if deep else nasty}


def offered(world: World, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The request turned into one that the page offers this person, if it offers any."""
    if name not in OFFICE or not isinstance(body.get("given"), dict):
        return body
    actor = actor_of(world.home, grant_as(world.home, name, "test"))
    try:
        found = get_case(world.home, actor, str(body.get("target")))
    except CaseworkError:
        return body
    steps = next_steps(Desk.of(world.home), actor, found)
    if not steps:
        return body
    step = steps[len(str(body)) % len(steps)]
    said = {need: body["given"][need] for need in step.needs if need in body["given"]}
    return {**body, "step": step.id, "version": found.version, "given": said}
