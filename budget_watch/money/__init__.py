"""Money in 分 (fen) as whole numbers: one way in, one way out.

Int64 fen inside, always; a source unit (元, 万元, 亿元) only at the edges. No float arithmetic, no
table, no rule and no page lives here.
"""

from budget_watch.money.columns import fen_expr
from budget_watch.money.fen import BLANKS, MoneyError, parse_fen, to_fen
from budget_watch.money.figure import plain_expr, plain_figure
from budget_watch.money.text import (
    MISSING,
    NOT_APPLICABLE,
    excess_sentence,
    format_amount,
    format_growth,
    format_multiple,
    format_points,
    format_share,
    near_limit_share,
    sentence_amount,
    share_and_excess,
)
from budget_watch.money.unit import Unit

__all__ = [
    "BLANKS",
    "MISSING",
    "NOT_APPLICABLE",
    "MoneyError",
    "Unit",
    "excess_sentence",
    "fen_expr",
    "format_amount",
    "format_growth",
    "format_multiple",
    "format_points",
    "format_share",
    "near_limit_share",
    "parse_fen",
    "plain_expr",
    "plain_figure",
    "sentence_amount",
    "share_and_excess",
    "to_fen",
]
