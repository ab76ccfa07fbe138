"""`findings` narrowed to a department, a unit, a state, the first few."""

from __future__ import annotations

import json

import pytest

from budget_watch.casework.checking import check
from budget_watch.casework.findings import list_findings
from budget_watch.cli.main import main
from budget_watch.lake import Home
from tests.casework.made_cases import LI, do
from tests.views_drill.small_city import make_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made, _ = make_home(tmp_path_factory.mktemp("findings"))
    check(made.root)
    return made


def test_findings_are_narrowed_and_cut(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    every = list_findings(home, LI.grant)
    taken = every[0].finding
    do(home, LI, taken, "take")

    def said(*options: str) -> tuple[list[str], int]:
        with pytest.raises(SystemExit):
            main(["--home", str(home.root), "findings", *options, "--json"])
        *lines, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line["finding"] for line in lines], last["findings"]

    def those(**wanted: str) -> list[str]:
        return [f.finding for f in every if all(getattr(f, k) == v for k, v in wanted.items())]

    for option, name in (("--dept", "dept_code"), ("--unit", "agency_code")):
        code = next(getattr(f, name) for f in every if getattr(f, name))
        mine = those(**{name: code})
        assert 0 < len(mine) < len(every)
        assert said(option, code) == (mine, len(mine))
    assert said("--state", "初核") == ([taken], 1)
    assert said("--limit", "2") == ([f.finding for f in every[:2]], len(every))
    with pytest.raises(SystemExit) as refused:
        main(["--home", str(home.root), "findings", "--unit", "1", "--outcome", "error"])
    assert refused.value.code == 2
    assert "只用于疑点" in capsys.readouterr().err
