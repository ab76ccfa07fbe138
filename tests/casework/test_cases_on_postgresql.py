"""Casework on a PostgreSQL server: steps, two at one case, many hands, a killed process."""

import pytest

from budget_watch.lake.state import engine
from tests.audit.test_on_postgresql import migrated  # noqa: F401
from tests.casework.test_acting import *  # noqa: F403
from tests.casework.test_month import *  # noqa: F403
from tests.lake.test_on_postgresql import home_on

pytestmark = pytest.mark.slow
# The same code whatever the database.
del test_what_is_not_possible_is_refused_with_the_reason  # noqa: F821
del test_what_is_filled_in_wrong_is_refused  # noqa: F821


@pytest.fixture
def home(tmp_path, postgres, migrated):  # noqa: F811
    url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
    made = home_on(tmp_path / "home", url)
    yield made
    engine(made).dispose()
