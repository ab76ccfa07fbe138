from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.views.cubes import Cube, build
from tests.views_drill.small_city import make_home

Made = tuple[Home, Snapshot]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder: Path = tmp_path_factory.mktemp("small_city")
    return make_home(folder)


@pytest.fixture(scope="session")
def reader(city: Made) -> Reader:
    return Reader(city[0], Grant.operator("test"), city[1])


@pytest.fixture(scope="session")
def cube(city: Made, reader: Reader) -> Cube:
    return build(reader, city[1].id, city[1].biz_date)
