"""Notices on a PostgreSQL server: who is told, periods, and what goes out."""

import pytest

from budget_watch.lake.state import engine
from tests.audit.test_on_postgresql import migrated  # noqa: F401
from tests.lake.test_on_postgresql import home_on
from tests.notices import test_who_is_told as told
from tests.notices.office import open_office

pytestmark = pytest.mark.slow

test_forty = told.test_forty_findings_of_a_rule_in_one_night_are_one_notice_a_person
test_many = told.test_one_step_on_many_cases_is_one_notice
test_periods = told.test_a_period_is_told_once_before_it_is_due_and_once_when_it_is_overdue
test_kept = told.test_notices_are_never_deleted


@pytest.fixture
def office(tmp_path, postgres, migrated):  # noqa: F811
    url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
    made = home_on(tmp_path / "office", url)
    open_office(made)
    yield made
    engine(made).dispose()


def test_a_mail_goes_out_once(office):
    from budget_watch.notices.contacts import set_contact
    from budget_watch.notices.gathering import deliveries
    from tests.notices.office import finding, night
    from tests.notices.servers import MailServer
    from tests.notices.test_going_out import HERE, MINUTE, SOON, at, configure

    night(office, "r1", [finding(1)])
    set_contact(office, HERE, "li", "li@rd.example.cn", None)
    settings = (office.root / "budget_watch.toml").read_text()
    with MailServer(answers=["451 later"]) as server:
        configure(office, server)
        with (office.root / "budget_watch.toml").open("a") as file:
            file.write(f"\n{settings}")
        assert len(at(office, SOON).put_off) == 1
        assert len(at(office, SOON + MINUTE).sent) == 1
        assert at(office, SOON + MINUTE).sent == []
    assert [out.state for out in deliveries(office)] == ["sent"]
