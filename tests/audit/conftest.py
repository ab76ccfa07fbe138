import pytest

from budget_watch.lake import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")
