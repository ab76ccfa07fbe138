"""Reckons a report's figures anew from the delivered tables: no view, no mart, no query of ours.

Written from docs/digest.md and the tables' own columns. A figure is asked for by its key; what the
oracle does not know it answers with `Unknown`, so that a new figure without a reckoning is seen.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine
from budget_watch.tables import contracts

TABLES = {
    ("general", "revenue"): ("general_revenue", "rev_code", ""),
    ("general", "expenditure"): ("general_expenditure", "exp_func_code", ""),
    ("fund", "revenue"): ("gov_fund", "code", "收入"),
    ("fund", "expenditure"): ("gov_fund", "code", "支出"),
    ("capital", "revenue"): ("state_capital", "code", "收入"),
    ("capital", "expenditure"): ("state_capital", "code", "支出"),
}
COLUMNS = {"budget": "budget_amt", "adjusted": "adj_amt", "ytd": "ytd_amt", "mtd": "mtd_amt"}
COLUMNS |= {"last_year": "ly_ytd"}
THREE_PUBLIC = ("30212", "30217", "30231", "31013", "30913")
_SIDE = re.compile(
    r"(?P<book>general|fund|capital|social)\.(?P<side>revenue|expenditure)\.(?P<rest>.+)"
)


class UnknownKeyError(LookupError):
    """A key that the oracle has no reckoning for."""


class Oracle:
    """One home's latest snapshot, asked for one period of months from January."""

    def __init__(self, home: Home, region: str, year: int, month: int, months: int) -> None:
        self.home, self.region = home, region
        self.year, self.month, self.before = year, month, month - months
        self.pace = Fraction(month, 12)
        reader = Reader(home, Grant.system("oracle"), as_it_lies=True)
        self.base = duckdb.connect()
        self.known: dict[tuple[Any, ...], Fraction | None] = {}
        self.rows: dict[str, tuple[str, str] | None] = {}
        self.there = set()
        for name in contracts():
            files = reader.files(name)
            if files:
                self.there.add(name)
                told = f"read_parquet({files}, union_by_name = true)"
                self.base.execute(f"CREATE VIEW {name} AS SELECT * FROM {told}")

    def close(self) -> None:
        """Let the database go."""
        self.base.close()

    def number(self, sql: str, *given: Any) -> Fraction | None:
        """The single number of a query; None where it is NULL."""
        asked = (sql, *given)
        if asked not in self.known:
            (found,) = self.base.execute(sql, list(given)).fetchone() or (None,)
            self.known[asked] = None if found is None else Fraction(found)
        return self.known[asked]

    def value(self, key: str) -> Fraction | None:  # noqa: PLR0911
        """A figure's exact value.

        Raises:
            UnknownKeyError: there is no reckoning for it.
        """
        if key.startswith("run."):
            return Fraction(self._run(key.removeprefix("run.")))
        if key.startswith("findings."):
            return Fraction(self._findings(key.removeprefix("findings.")))
        region, scope, rest = self._place(key)
        if found := _SIDE.fullmatch(rest):
            if found["rest"] == "regions_gap":
                return self._regions_gap(found["side"])
            return self._side(region, scope, found["book"], found["side"], found["rest"])
        if rest.startswith("general.paid."):
            return self._paid(rest.rpartition(".")[2], "fund_type_code LIKE '11%'")
        if rest.startswith("general.dept."):
            _, _, dept, what = rest.split(".")
            return self._paid(what, f"fund_type_code LIKE '11%' AND dept_code = '{dept}'")
        if rest.startswith("three_public."):
            return self._three_public(rest.removeprefix("three_public."))
        if rest.startswith("debt."):
            return self._debt(region, scope, rest.removeprefix("debt."))
        raise UnknownKeyError(key)

    def _place(self, key: str) -> tuple[str, str, str]:
        first, _, rest = key.partition(".")
        named = {"all": "全市", "own": "本级", "全市": "全市", "抵销": "抵销"}
        if first in named:
            return self.region, named[first], rest
        if first.isdigit():
            scope, _, rest = rest.partition(".")
            return first, scope, rest
        social = self._social_scope()
        return self.region, social, key

    # Monthly reports

    def _side(  # noqa: PLR0911
        self, region: str, scope: str, book: str, side: str, what: str
    ) -> Fraction | None:
        code, _, name = what.rpartition(".")

        def amount(short: str, month: int = self.month, one: str = code) -> Fraction | None:
            return self._amount(region, scope, book, side, short, month, one)

        if name in COLUMNS:
            return amount(name)
        ytd, last = amount("ytd"), amount("last_year")
        if name == "pace":
            return self.pace
        if name == "growth":
            return less(ytd, last)
        if name == "yoy":
            return over(less(ytd, last), last)
        if name == "progress":
            return over(ytd, amount("budget"))
        if name == "progress_adjusted":
            return over(ytd, amount("adjusted"))
        if name == "lead":
            return less(over(ytd, amount("budget")), self.pace)
        if name == "share":
            return over(ytd, amount("ytd", one=""))
        if name == "pull":
            return over(less(ytd, last), amount("last_year", one=""))
        quarter = less(ytd, amount("ytd", self.before))
        last_quarter = less(last, amount("last_year", self.before))
        if name == "quarter":
            return quarter
        if name == "quarter_last_year":
            return last_quarter
        if name == "quarter_yoy":
            return over(less(quarter, last_quarter), last_quarter)
        raise UnknownKeyError(what)

    def _amount(
        self, region: str, scope: str, book: str, side: str, short: str, month: int, one: str
    ) -> Fraction | None:
        if book == "social":
            return self._social(region, scope, side, short, month, one)
        table, column, which = TABLES[book, side]
        if table not in self.there:
            return None
        rows = f"{table} WHERE mof_div_code = '{region}' AND scope_kind = '{scope}'"
        rows += f" AND fiscal_year = {self.year} AND month = {month}"
        rows += f" AND side = '{which}'" if which else ""
        rows += " AND level_flag IS DISTINCT FROM '对下转移'" if table.endswith("diture") else ""
        if rows not in self.rows:
            self.rows[rows] = self._last_stage(rows, column)
        last = self.rows[rows]
        if last is None:
            return None
        rows, roots = last
        amount, wanted = COLUMNS[short], f"'{one}'" if one else roots
        return self.number(
            f"SELECT CASE WHEN count(*) = count({amount}) THEN sum({amount}) END"
            f" FROM {rows} AND {column} IN ({wanted})"
        )

    def _last_stage(self, rows: str, column: str) -> tuple[str, str] | None:
        """The rows of the stage that has been through most, and the codes below no other."""
        stage = self.base.execute(
            f"SELECT stage FROM {rows} ORDER BY list_position("
            "['快报', '月报', '决算草案', '决算批准'], stage) DESC LIMIT 1"
        ).fetchone()
        if stage is None:
            return None
        rows += f" AND stage = '{stage[0]}'"
        rows += f" AND substr({column}, 1, 3) NOT IN ('105', '110', '230', '231')"
        every = self.base.execute(f"SELECT DISTINCT {column} FROM {rows}").fetchall()
        codes = [code for (code,) in every]
        roots = [c for c in codes if not any(o != c and c.startswith(o) for o in codes)]
        return rows, ", ".join(f"'{code}'" for code in sorted(roots)) or "NULL"

    def _social_scope(self) -> str:
        found = self._social(self.region, "全市", "revenue", "ytd", self.month, "")
        own = self._social(self.region, "本级", "revenue", "ytd", self.month, "")
        return "本级" if found is None and own is not None else "全市"

    def _social(
        self, region: str, scope: str, side: str, short: str, month: int, one: str
    ) -> Fraction | None:
        code = {"revenue": "R00", "expenditure": "E00"}[side]
        base = f"social_insurance_budget WHERE mof_div_code = '{region}'"
        base += f" AND scope_kind = '{scope}' AND row_code = '{code}'"
        base += f" AND fund_kind = '{one}'" if one else ""
        year, now = self.year - (short == "last_year"), ""
        (last,) = self.base.execute(
            f"SELECT max(month) FROM {base} AND fiscal_year = {self.year}"
            f" AND stage = '月报' AND month <= {month}"
        ).fetchone() or (None,)
        if last is None:
            return None
        now = f" AND fiscal_year = {year} AND month = {last} AND stage = '月报'"
        if short in ("budget", "adjusted"):
            approved = f"{base} AND fiscal_year = {self.year} AND stage = '批准'"
            if short == "budget" and self.number(f"SELECT sum(budget_amt) FROM {approved}"):
                return self.number(f"SELECT sum(budget_amt) FROM {approved}")
            return self.number(f"SELECT sum(budget_amt) FROM {base}{now}")
        return self.number(f"SELECT sum(exec_amt) FROM {base}{now}")

    def _regions_gap(self, side: str) -> Fraction | None:
        table = TABLES["general", side][0]
        regions = self.base.execute(
            f"SELECT DISTINCT mof_div_code, scope_kind FROM {table} WHERE fiscal_year = {self.year}"
            " AND scope_kind IN ('本级', '县区', '开发区')"
        ).fetchall()
        whole = self._side(self.region, "全市", "general", side, "ytd") or Fraction(0)
        parts = sum(self._side(r, s, "general", side, "ytd") or 0 for r, s in regions)
        off = self._side(self.region, "抵销", "general", side, "ytd") or 0
        return Fraction(whole - parts + off)

    # Vouchers and indicators

    def _paid(self, what: str, which: str) -> Fraction | None:
        own = f"mof_div_code = '{self.region}' AND {which}"
        if what == "pace":
            return self.pace
        spent, last = self._spent(self.year, own), self._spent(self.year - 1, own)
        if what in ("spent", "last_year"):
            return spent if what == "spent" else last
        if what == "yoy":
            return over(less(spent, last), last)
        if what in ("progress", "lead"):
            progress = over(spent, self._allowed("current", own))
            return progress if what == "progress" else less(progress, self.pace)
        return self._allowed(what, own)

    def _spent(self, year: int, own: str) -> Fraction:
        return self.number(
            f"SELECT sum(pay_amt) FROM payment_voucher WHERE fiscal_year = {year}"
            f" AND month(pay_date) <= {self.month} AND {own}"
        ) or Fraction(0)

    def _allowed(self, what: str, own: str) -> Fraction:
        """Indicators not void, and what was added to them, to the month's end."""
        live = f"NOT coalesce(is_deleted, false) AND fiscal_year = {self.year}"
        month = (
            "CASE WHEN year({0}) < fiscal_year THEN 1 WHEN year({0}) > fiscal_year THEN 12"
            f" ELSE month({{0}}) END <= {self.month}"
        )
        opening = " AND found_type_code = '年初预算'" if what != "current" else ""
        first = self.number(
            f"SELECT sum(amount) FROM indicator WHERE {live} AND {own}"
            f" AND {month.format('doc_date')}{opening}"
        )
        if what == "initial" or "indicator_adjustment" not in self.there:
            return first or Fraction(0)
        committee = "approve_body LIKE '%常委会%' OR approve_body LIKE '%常务委员会%'"
        committee += " OR approve_body LIKE '%人代会%' OR approve_body LIKE '%人民代表大会%'"
        more = self.number(
            "SELECT sum(amt) FROM (SELECT a.amt, a.adj_date, a.fiscal_year, a.mof_div_code,"
            " a.dept_code, a.approve_body, i.fund_type_code,"
            " coalesce(a.dep_bgt_eco_code, i.dep_bgt_eco_code) AS dep_bgt_eco_code"
            " FROM indicator_adjustment a JOIN indicator i USING (bgt_id)"
            " WHERE NOT coalesce(i.is_deleted, false))"
            f" WHERE fiscal_year = {self.year} AND {own} AND {month.format('adj_date')}"
            + ("" if what == "current" else f" AND ({committee})")
        )
        return (first or Fraction(0)) + (more or Fraction(0))

    def _three_public(self, rest: str) -> Fraction | None:
        funds = "substr(fund_type_code, 1, 2) IN ('11', '12', '13')"
        codes = ", ".join(f"'{c}'" for c in THREE_PUBLIC)
        every = f"{funds} AND dep_bgt_eco_code IN ({codes})"
        if rest == "over_count":
            own = f"mof_div_code = '{self.region}' AND {every}"
            departments = {
                d
                for table in ("payment_voucher", "indicator")
                for (d,) in self.base.execute(
                    f"SELECT DISTINCT dept_code FROM {table} WHERE {own}"
                ).fetchall()
            }
            mine = [f"{own} AND dept_code = '{dept}'" for dept in departments]
            return Fraction(
                sum(self._spent(self.year, m) > self._allowed("current", m) for m in mine)
            )
        which, _, what = rest.rpartition(".")
        if which == "total":
            return self._paid(what, every)
        if which.startswith("dept."):
            return self._paid(what, f"{every} AND dept_code = '{which.removeprefix('dept.')}'")
        return self._paid(what, f"{funds} AND dep_bgt_eco_code = '{which}'")

    # Debt

    def _debt(self, region: str, scope: str, rest: str) -> Fraction | None:
        first, _, what = rest.partition(".")
        if first in ("total", "general", "special"):
            limit = self._position(region, scope, f"limit_{first}")
            balance = self._position(region, scope, f"balance_{first}")
            known: dict[str, Callable[[], Fraction | None]] = {
                "limit": lambda: limit,
                "balance": lambda: balance,
                "room": lambda: less(limit, balance),
                "used": lambda: over(balance, limit),
            }
            return known[what]()
        resources = self._position(region, scope, "comprehensive_fiscal")
        if first == "resources":
            return resources
        if first == "rate":
            return over(self._position(region, scope, "balance_total"), resources)
        return self._bonds(region, scope, first, what)

    def _position(self, region: str, scope: str, column: str) -> Fraction | None:
        return self.number(
            f"SELECT {column} FROM debt_limit WHERE mof_div_code = ? AND scope_kind = ?"
            " AND stage IN ('快报', '月报', '决算草案', '决算批准')"
            " AND fiscal_year * 100 + month <= ?"
            " ORDER BY fiscal_year DESC, month DESC, list_position("
            "['快报', '月报', '决算草案', '决算批准'], stage) DESC LIMIT 1",
            region,
            scope,
            self.year * 100 + self.month,
        )

    def _bonds(self, region: str, scope: str, first: str, what: str) -> Fraction:
        whose = "true" if scope == "全市" else f"mof_div_code = '{region}'"
        end = date(self.year, self.month, monthrange(self.year, self.month)[1])
        year = f"BETWEEN DATE '{self.year}-01-01' AND DATE '{end}'"

        def asked(column: str, where: str) -> Fraction:
            sql = f"SELECT sum({column}) FROM bond WHERE {whose} AND {where}"
            return self.number(sql) or Fraction(0)

        if first == "issued":
            kind, _, category = what.partition(".")
            only = f" AND kind = '{kind}' AND category = '{category}'" if what else ""
            return asked("amt", f"seq = 0 AND issue_date {year}{only}")
        if first == "interest":
            return asked("interest_due", f"seq > 0 AND due_date {year}")
        if first == "overdue":
            return asked("overdue_amt", f"seq > 0 AND due_date <= DATE '{end}'")
        month, _, column = what.partition(".")
        if month == "half_year":
            stop = f"DATE '{end}' + INTERVAL 1 DAY + INTERVAL 6 MONTH"
            return asked(
                "principal_due", f"seq > 0 AND due_date > DATE '{end}' AND due_date < {stop}"
            )
        return asked(f"{column}_due", f"seq > 0 AND strftime(due_date, '%Y-%m') = '{month}'")

    # Findings

    def _run(self, what: str) -> int:
        """The last run of the whole rule book."""
        with engine(self.home).connect() as connection:
            query = sa.text("SELECT tallies FROM run WHERE NOT partial ORDER BY recorded_at DESC")
            tallies = json.loads(connection.execute(query).scalars().first() or "[]")
        if what == "rules":
            return sum(not t.get("not_loaded") for t in tallies)
        column = {"judged": "judged", "insufficient": "insufficient_data"}[what]
        return sum(int(t.get(column) or 0) for t in tallies)

    def _findings(self, rest: str) -> int:  # noqa: PLR0911
        with engine(self.home).connect() as connection:
            query = "SELECT rule, level, class, area, outcome, provisional, work_state, trial,"
            query += " first_seen, observation FROM finding"
            rows = [dict(r) for r in connection.execute(sa.text(query)).mappings()]
        rows = [r for r in rows if not r["trial"]]
        since, close = f"{self.year}-01-01", f"{self.year}-12-31"
        end = str(date(self.year, self.month, monthrange(self.year, self.month)[1]))

        def period_end(row: dict[str, Any]) -> str:
            seen = json.loads(row["observation"]).get("period_end")
            return str(seen or row["first_seen"])[:10]

        mine = [r for r in rows if since <= period_end(r) <= end or period_end(r) == close]
        hits = [r for r in mine if r["outcome"] == "hit"]
        what, _, which = rest.partition(".")
        if what == "total":
            return len(hits)
        if what == "earlier":
            return sum(r["outcome"] == "hit" and period_end(r) < since for r in rows)
        if what == "cleared":
            return sum(r["outcome"] == "cleared" for r in mine)
        if what == "provisional":
            return sum(bool(r["provisional"]) for r in hits)
        if what == "unnamed":
            first = ("新触发", "初核", "初核中", "初核不成立")
            return sum(r["work_state"] in first for r in hits)
        if what == "area":
            area, _, level = which.partition(".")
            return sum(r["area"] == area and level in ("", r["level"]) for r in hits)
        column = {"level": "level", "class": "class", "state": "work_state"}
        if what in column:
            return sum(r[column[what]] == which for r in hits)
        raise UnknownKeyError(rest)


def less(first: Fraction | None, second: Fraction | None) -> Fraction | None:
    """first − second, where both are known."""
    return None if first is None or second is None else first - second


def over(part: Fraction | None, whole: Fraction | None) -> Fraction | None:
    """part ÷ whole, where the whole is above zero."""
    return None if part is None or whole is None or whole <= 0 else part / whole


def unequal(oracle: Oracle, figures: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Key → (in the ledger, as reckoned) where the two differ."""
    found = {}
    for key in keys:
        entry = figures[key]
        told = Fraction(entry["value"], entry["over"])
        reckoned = oracle.value(key)
        if told != reckoned:
            found[key] = (told, reckoned)
    return found
