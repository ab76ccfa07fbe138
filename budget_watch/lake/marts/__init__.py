"""The marts (主题表): tables derived from tables, once, for rules, pages and digests alike.

One module a mart, each with its contract and a pure function from frames to a lazy frame. Only
joins of what never changes are stored; attributes of unit, project and indicator join at read, so
that a correction of theirs rewrites no history. When they are refreshed is `lake.refresh`'s affair.
"""

from budget_watch.lake.marts.account_check import ACCOUNT_CHECK
from budget_watch.lake.marts.budget_line import BUDGET_LINE
from budget_watch.lake.marts.carryover_position import CARRYOVER_POSITION
from budget_watch.lake.marts.code_error import CODE_ERROR
from budget_watch.lake.marts.completed_project import COMPLETED_PROJECT
from budget_watch.lake.marts.days import CALENDAR, calendar_hash, days
from budget_watch.lake.marts.debt_position import DEBT_POSITION
from budget_watch.lake.marts.delivery import DELIVERY
from budget_watch.lake.marts.execution_month import EXECUTION_MONTH
from budget_watch.lake.marts.final_form_check import FINAL_FORM_CHECK
from budget_watch.lake.marts.final_gap import FINAL_GAP
from budget_watch.lake.marts.fund_line import FUND_LINE
from budget_watch.lake.marts.mart import Inputs, Mart
from budget_watch.lake.marts.payee_account import PAYEE_ACCOUNT
from budget_watch.lake.marts.payment import PAYMENT
from budget_watch.lake.marts.recon import RECON
from budget_watch.lake.marts.recon_line import RECON_LINE
from budget_watch.lake.marts.returned_payment import RETURNED_PAYMENT
from budget_watch.lake.marts.revenue_recon import REVENUE_RECON
from budget_watch.lake.marts.row_change import ROW_CHANGE
from budget_watch.lake.marts.slip_return import SLIP_RETURN
from budget_watch.lake.marts.social_fund import SOCIAL_FUND
from budget_watch.lake.marts.social_receipt import SOCIAL_RECEIPT
from budget_watch.lake.marts.spending_class import SPENDING_CLASS
from budget_watch.lake.marts.subsidy import SUBSIDY
from budget_watch.lake.marts.table_coverage import TABLE_COVERAGE
from budget_watch.lake.marts.unit_circle import UNIT_CIRCLE
from budget_watch.lake.marts.unit_name import UNIT_NAME

MARTS: dict[str, Mart] = {
    mart.name: mart
    for mart in (
        PAYMENT,
        BUDGET_LINE,
        CALENDAR,
        CARRYOVER_POSITION,
        DEBT_POSITION,
        EXECUTION_MONTH,
        FUND_LINE,
        RECON_LINE,
        RECON,
        SOCIAL_FUND,
        TABLE_COVERAGE,
        CODE_ERROR,
        COMPLETED_PROJECT,
        SOCIAL_RECEIPT,
        FINAL_FORM_CHECK,
        FINAL_GAP,
        PAYEE_ACCOUNT,
        SLIP_RETURN,
        UNIT_CIRCLE,
        SUBSIDY,
        UNIT_NAME,
        REVENUE_RECON,
        ACCOUNT_CHECK,
        DELIVERY,
        ROW_CHANGE,
        RETURNED_PAYMENT,
        SPENDING_CLASS,
    )
}

__all__ = ["MARTS", "Inputs", "Mart", "calendar_hash", "days"]
