"""Percentiles among peers for the oracle: counted peer by peer, compared by cross-multiplication.

Shares nothing with `peers.py` but the checked tree.
"""

from __future__ import annotations

from budget_watch.engine.check import CheckedPeers
from budget_watch.engine.expression import Expr
from budget_watch.engine.to_sql import SqlCompiler, name

_MADE = ("__i", "__n", "__d", "__in", "__doubt", "__sn", "__sd", "__least", "__peer", "__rank")
_COUNTS = ("__le", "__peers", "__unknown", "__doubtful", "__best")


def peers_ctes(
    build: SqlCompiler, peers: CheckedPeers, last: str, flags: list[str], at: int
) -> str:
    """CTEs that end in `p<at>`: the rows of `last` with the columns of `peers`."""
    keys = [f"__g{n}" for n in range(len(peers.by))]
    same = " AND ".join(f"a.{each} = b.{each}" for each in keys)
    marked, placed = f"a{at}", f"b{at}"
    return (
        f", {marked} AS ({_marked(build, peers, last, flags)})"
        f", {placed} AS ({_placed(marked, same)})"
        f", p{at} AS ({_chosen(peers, placed, same, keys)})"
    )


def _stored(build: SqlCompiler, tree: Expr) -> str:
    return build.pair(tree)[0] if tree.type.base == "num" else build.sql(tree)


def _marked(build: SqlCompiler, peers: CheckedPeers, last: str, flags: list[str]) -> str:
    """Each row with its fraction, its kind, and whether it is a peer."""
    den = "1" if peers.den is None else _stored(build, peers.den)
    among = "TRUE" if peers.condition is None else build.sql(peers.condition)
    kind = "".join(f", {_stored(build, tree)} AS __g{n}" for n, (_, tree) in enumerate(peers.by))
    share, least = build.pair(peers.share), build.pair(peers.least)
    doubt = " OR ".join(f"coalesce({name(each)}, FALSE)" for each in flags)
    rows = (
        f"SELECT *, row_number() OVER () AS __i, "
        f"TRY_CAST({_stored(build, peers.num)} AS BIGINT) AS __n, "
        f"TRY_CAST({den} AS BIGINT) AS __d, coalesce({among}, FALSE) AS __in, "
        f"({doubt}) AS __doubt, ({share[0]})::BIGINT AS __sn, ({share[1]})::BIGINT AS __sd, "
        f"({least[0]} // {least[1]})::BIGINT AS __least{kind} FROM {last}"
    )
    known = f"(__n IS NOT NULL AND coalesce(__d BETWEEN 1 AND {2**62 - 1}, FALSE))"
    return f"SELECT *, __in AND {known} AS __peer FROM ({rows})"


def _placed(rows: str, same: str) -> str:
    """Each row with how many peers are greater, how many are not, how many there are."""
    above = "b.__n::HUGEINT * a.__d > a.__n::HUGEINT * b.__d"

    def of(what: str, test: str) -> str:
        return f"(SELECT {what} FROM {rows} b WHERE {test} AND {same})"

    return (
        f"SELECT a.*, {of('count(*)', f'b.__peer AND {above}')} + 1 AS __rank, "
        f"{of('count(*)', f'b.__peer AND NOT ({above})')} AS __le, "
        f"{of('count(*)', 'b.__peer')} AS __peers, "
        f"{of('count(*)', 'b.__in AND NOT b.__peer')} AS __unknown, "
        f"{of('coalesce(bool_or(b.__doubt), FALSE)', 'b.__peer')} AS __doubtful FROM {rows} a"
    )


def _chosen(peers: CheckedPeers, rows: str, same: str, keys: list[str]) -> str:
    """The smallest peer that enough of them do not exceed."""
    best = (
        f"(SELECT min({{'le': b.__le, 'd': b.__d, 'n': b.__n}}) FROM {rows} b WHERE b.__peer "
        f"AND {same} AND b.__le >= (a.__sn * a.__peers + a.__sd - 1) // a.__sd)"
    )
    values = "".join(
        f", CASE WHEN a.__peers >= a.__least THEN a.__best.{part} END AS {name(each)}"
        for each, part in zip(peers.value_columns, ("n", "d"), strict=False)
    )
    mine = peers.name
    return (
        f"SELECT a.* EXCLUDE ({', '.join((*_MADE, *_COUNTS, *keys))}){values}, "
        f"CASE WHEN a.__peer AND a.__peers > 0 THEN a.__rank END AS {name(mine + '_rank')}, "
        f"a.__peers AS {name(mine + '_peers')}, a.__unknown AS {name(mine + '_unknown')}, "
        f"a.__doubtful AS {name('__p_' + mine)} FROM (SELECT a.*, {best} AS __best FROM {rows} a) a"
    )
