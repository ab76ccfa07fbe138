from contextlib import nullcontext
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from ingest.gate import expectations
from ingest.load import load_paths

REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture(autouse=True)
def without_great_expectations(request, monkeypatch):
    """Its import takes seconds; the tests that are about it say so."""
    if "expectations" not in request.keywords:
        monkeypatch.setattr("ingest.load.validated_beside", lambda *given: nullcontext())
        monkeypatch.setattr("ingest.deliveries.validated_beside", lambda *given: nullcontext())
        monkeypatch.setattr("ingest.day.validated_beside", lambda *given: nullcontext())
    assert expectations.KINDS


@pytest.fixture
def load(home):
    def run(*paths, **options):
        return [line.record() for line in load_paths(home, [Path(p) for p in paths], **options)]

    return run


@pytest.fixture
def read(home):
    def run(table):
        return Reader(home, Grant.system("test")).scan(table).collect()

    return run


@pytest.fixture
def real():
    if not REAL.exists():
        pytest.skip("没有真实公开数据（shared/data 不在旁边）")
    return REAL
