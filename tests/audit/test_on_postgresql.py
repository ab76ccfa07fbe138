"""The audit log on a PostgreSQL server: every test of the table and of tampering once more."""

import pytest
import sqlalchemy as sa

from budget_watch.lake.state import engine, upgrade
from tests.audit.test_log import *  # noqa: F403
from tests.audit.test_verify import *  # noqa: F403
from tests.lake.test_on_postgresql import home_on

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def migrated(postgres):
    name = postgres.new_database()
    made = sa.create_engine(postgres.state_url(name), poolclass=sa.pool.NullPool)
    upgrade(made)
    made.dispose()
    return name


@pytest.fixture
def home(tmp_path, postgres, migrated):
    url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
    made = home_on(tmp_path / "home", url)
    yield made
    engine(made).dispose()
