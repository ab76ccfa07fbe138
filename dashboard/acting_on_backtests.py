"""What POST /act does where its target is a back-test, running or to be started; how far one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import flask

from budget_watch.access import Grant
from budget_watch.casework import backtest_jobs
from budget_watch.casework.backtest_jobs import Job, Question
from budget_watch.casework.book import book_now
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.experiments import MONTHS
from budget_watch.lake import Home
from budget_watch.views.params import uses
from dashboard.acting_on_opinions import Asked

NEW = "backtest-new"
PREFIX = "backtest:"
PROGRESS = "/backtest/"
START, CANCEL = "start", "cancel"
_FIELDS = {"param", "value", "rule", "since", "until", "every"}


def serve_progress(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """GET /backtest/<job>: how far a back-test is, for whoever sees back-tests."""

    @server.get(f"{PROGRESS}<job>")
    def tell(job: str) -> flask.Response:
        found = [each for each in backtest_jobs.jobs(home) if each.id == job]
        if not found or not grant().whole:
            flask.abort(404)
        return flask.jsonify(progress(found[0]))


def progress(job: Job) -> dict[str, Any]:
    """Whether it still runs, how far it is, in words and as a width."""
    seconds = int((datetime.now(UTC) - job.started).total_seconds())
    told = f"已算{job.done}/{job.of}个时点" if job.of else "正在准备"
    share = f"{100 * job.done / job.of:.0f}%" if job.of else "0%"
    said = f"{told}，已用{seconds}秒"
    return {"running": job.state == "running", "said": said, "share": share}


def backtests_own(target: str) -> bool:
    """Whether a target is a back-test, or one to be started."""
    return target == NEW or target.startswith(PREFIX)


def on_backtest(home: Home, actor: Actor, asked: Asked) -> str:
    """Start or cancel; the sentence that tells so.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    if asked.target != NEW and asked.step == CANCEL and not given:
        backtest_jobs.cancel(home, actor, asked.target.removeprefix(PREFIX))
        return "回测已取消，没有留下结果。"
    if asked.target != NEW or asked.step != START or set(given) - _FIELDS:
        raise ActError("请求读不懂；请刷新页面后再办。")
    backtest_jobs.start(home, actor, _question(home, given))
    return "回测已开始，算完后显示在本页；可以离开本页。"


def _question(home: Home, given: Mapping[str, str]) -> Question:
    param, value, rule = (given.get(name, "").strip() for name in ("param", "value", "rule"))
    every = next((each for each in MONTHS if each == given.get("every", "month")), None)
    if every is None or not (param or rule):
        raise ActError("请求读不懂；请刷新页面后再办。")
    if bool(param) != bool(value):
        raise ActError("要改参数，参数和新值都要写；不改参数，两样都不写。")
    using = [each.rule for each in uses(book_now(home.root), param)] if param else []
    rules = (rule,) if rule else tuple(e.id for e in using if e.rule.status in ("trial", "active"))
    if not rules:
        raise ActError("没有在用或试运行的规则用到这个参数，不用回测。")
    said = (f"{param}={value}",) if param else ()
    return Question(_day(given, "since"), _day(given, "until"), every, said, rules)


def _day(given: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError as error:
        raise ActError("起止日期没有填好，应如 2026-01-01。") from error
