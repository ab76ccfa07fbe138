from pathlib import Path

import pytest

from tests.ingest.http.serving import Desk, made_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_city(tmp_path_factory.mktemp("interface") / "city")


@pytest.fixture
def desk(tmp_path: Path, city: Path) -> Desk:
    return Desk(tmp_path, city)
