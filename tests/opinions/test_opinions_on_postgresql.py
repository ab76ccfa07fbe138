"""Opinions and topics on a PostgreSQL server: steps, refusals, what is only ever added, votes."""

import pytest

from budget_watch.lake.state import engine
from tests.audit.test_on_postgresql import migrated  # noqa: F401
from tests.lake.test_on_postgresql import home_on
from tests.opinions.test_opinion_acting import (  # noqa: F401
    test_a_failing_audit_log_leaves_nothing_behind,
    test_a_low_rating_takes_it_up_anew_and_counts_for_its_own_round,
    test_acts_and_ratings_are_only_ever_added,
    test_each_sees_what_is_theirs_and_what_is_open_to_them,
    test_of_two_at_one_opinion_the_second_is_told_what_the_first_did,
    test_the_author_follows_and_is_told_what_is_new_once,
)
from tests.opinions.test_opinions_at_once import (  # noqa: F401
    test_of_many_at_one_opinion_one_is_first_and_the_others_are_told,
    test_of_many_opinions_written_and_sent_twice_each_is_there_once,
    test_votes_and_remarks_at_once_are_all_there_and_each_person_has_one_vote,
)
from tests.opinions.test_topics import (  # noqa: F401
    peopled,
    test_only_those_invited_speak_and_vote_and_each_has_one_vote,
    test_ratings_of_a_topic_count_together,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path, postgres, migrated):  # noqa: F811
    url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
    made = peopled(home_on(tmp_path / "home", url))
    yield made
    engine(made).dispose()
