"""A home that has lived: two days, quarantine, findings, a spool, settings and books of its own."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.schedule.day_process import make_book
from tests.schedule.day_process import run as run_day
from tests.schedule.made_source import DAYS, make_database, make_inbox, settings
from tests.schedule.test_killed_day import everything

FIRST, SECOND = DAYS[0].isoformat(), DAYS[1].isoformat()


@dataclass(frozen=True)
class City:
    """The made city's folder: `base` after day one, `lived` after day two, each a home."""

    folder: Path
    book: Path
    known: dict = field(default_factory=dict)

    def day(self, root: Path, day: str) -> None:
        run = run_day(root, day, self.book)
        assert run.whole, run.message

    def holds(self, which: str) -> dict:
        """Everything that must be the same, looked up once."""
        if which not in self.known:
            home = Home(self.folder / which)
            self.known[which] = everything(home)
            engine(home).dispose()
        return self.known[which]

    def copy(self, which: str, to: Path) -> Home:
        shutil.copytree(self.folder / which, to)
        return Home(to)


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    made = City(folder, make_book(folder / "book"))
    base = folder / "base"
    base.mkdir()
    told = settings(folder / "city.db", folder / "inbox")
    (base / "secrets").mkdir()
    (base / "secrets" / "pw").write_text("geheim")
    (base / "budget_watch.toml").write_text(
        told + '\n[[source]]\nname = "关着"\nkind = "sftp"\nenabled = false\n'
        'password_file = "secrets/pw"\n'
    )
    (base / "calendar.csv").write_text("date,kind,name\n2026-11-30,休息日,本地假\n")
    (base / "rules" / "words").mkdir(parents=True)
    (base / "rules" / "README.md").write_text("本地规则")
    (base / "digest").mkdir()
    (base / "digest" / "2026Q3.docx").write_bytes(b"PK made by hand" * 1000)
    (base / "gate" / "docs").mkdir(parents=True)
    (base / "gate" / "docs" / "index.html").write_text("<p>好</p>")
    make_database(folder / "city.db", DAYS[0])
    make_inbox(folder / "inbox", DAYS[0])
    made.day(base, FIRST)
    make_database(folder / "city.db", DAYS[1])
    make_inbox(folder / "inbox", DAYS[1])
    shutil.copytree(base, folder / "lived")
    made.day(folder / "lived", SECOND)
    for root in (base, folder / "lived"):
        engine(Home(root)).dispose()
    return made


@dataclass(frozen=True)
class Told:
    """How a command ended: its status, its JSON lines, what it said to people."""

    status: int
    lines: list
    said: str

    @property
    def summary(self):
        return self.lines[-1]


@pytest.fixture
def command(capsys):
    def run(home, *words):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home), *map(str, words)])
        out = capsys.readouterr()
        lines = [json.loads(line) for line in out.out.splitlines() if line.startswith("{")]
        return Told(int(ended.value.code or 0), lines, out.out + out.err)

    return run
