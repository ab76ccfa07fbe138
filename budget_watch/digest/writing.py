"""Fills a template with material: sentences, tables and charts, and the gaps they left.

A clause whose figure is not known is left out, and the reason is kept as a gap; a sentence whose
first clause is left out is left out whole. So no sentence says more than the figures do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from budget_watch.digest import charts, phrases
from budget_watch.digest.document import (
    Block,
    Chart,
    Column,
    Gap,
    Note,
    Number,
    Paragraph,
    Run,
    Section,
    Table,
)
from budget_watch.digest.errors import TemplateError
from budget_watch.digest.template import Block as Plan
from budget_watch.digest.template import (
    Chapter,
    ChartBlock,
    Clause,
    Each,
    Listing,
    TableBlock,
    Template,
)
from budget_watch.views import Figure, Unit, formats
from budget_watch.views.sources import source_titles

Row = Mapping[str, str | Figure]
_SLOT = re.compile(r"\{([^{}:]+)(?::([a-z]+))?\}")
_TEST = re.compile(
    r"(?P<name>\S+)\s+(?P<sign>known|unknown|any|none|<|>|=)(?:\s+(?P<value>-?\d+))?"
)
_NUMBERS = "一二三四五六七八九十"


@dataclass(frozen=True)
class Material:
    """What a template may speak of.

    Attributes:
        words: plain texts (place, span, dates). figures: by key. lists: rows of words and figures;
        a row's figures are known by their own keys too. gaps: what is missing without a figure of
        its own, with the chapters it was for.
    """

    words: dict[str, str]
    figures: dict[str, Figure]
    lists: dict[str, list[Row]]
    keys: dict[int, str] = field(default_factory=dict)
    gaps: dict[str, list[str]] = field(default_factory=dict)

    def key_of(self, figure: Figure) -> str:
        """The name under which a figure is listed in the appendix."""
        return self.keys.get(id(figure), figure.id)


@dataclass
class Writer:
    """Writes one document; remembers figures used and gaps met."""

    template: Template
    material: Material
    used: dict[str, Figure] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    chapter: str = ""
    _met: dict[str, None] = field(default_factory=dict)
    _tables: int = 0
    _charts: int = 0

    def summary(self) -> tuple[Block, ...]:
        """The blocks of page one."""
        self.chapter = "要点"
        return self._blocks(self.template.summary)

    def sections(self) -> tuple[Section, ...]:
        """All chapters; those whose condition fails are absent, the rest numbered through."""
        made: list[Section] = []
        number = 0
        for chapter in self.template.chapters:
            if not self._holds(chapter.when):
                continue
            self.chapter = chapter.title
            made.append(
                Section(f"{chinese(number + 1)}、{chapter.title}", 1, self._filled(chapter))
            )
            number += 1
            made += self._sections(chapter)
        return tuple(made)

    def _sections(self, chapter: Chapter) -> list[Section]:
        below: list[Section] = []
        for section in chapter.sections:
            if not self._holds(section.when):
                continue
            title = self._words(section.title)
            below.append(Section(f"（{chinese(len(below) + 1)}）{title}", 2, self._filled(section)))
        return below

    def plain(self, text: str) -> str:
        """A template text with its words filled in, e.g. of the masthead."""
        return self._words(text)

    def gaps(self) -> tuple[Gap, ...]:
        """Every reason met, with the chapters; “缺…：全市” and “缺…：市本级” are one gap."""
        return _merged({**self.missing, **self.material.gaps})

    def _filled(self, chapter: Chapter) -> tuple[Block, ...]:
        self._met = {}
        blocks = self._blocks(chapter.blocks)
        if blocks or not chapter.blocks:
            return blocks
        if not self._met:
            return (Note(("本期没有可列内容。",)),)
        reasons = [gap.text for gap in _merged({key: [""] for key in self._met})]
        return (Note((f"数据不足，无法判断：{'；'.join(reasons[:3])}。",), gap=True),)

    def _blocks(self, plans: Iterable[Plan]) -> tuple[Block, ...]:
        made: list[Block] = []
        for plan in plans:
            if not self._holds(plan.when):
                continue
            block = self._block(plan) if plan.each is None else None
            made += self._each(plan.each) if plan.each else [block] if block else []
        return tuple(made)

    def _block(self, plan: Plan) -> Block | None:
        if plan.sentence is not None:
            return self._sentence(plan)
        if plan.note is not None:
            runs = self._fill(plan.note, {})
            return None if runs is None else Note(tuple(runs))
        if plan.table is not None:
            return self._table(plan.table) if self._holds(plan.table.when) else None
        if plan.chart is not None:
            return self._chart(plan.chart) if self._holds(plan.chart.when) else None
        raise TemplateError(self.template.report, f"章节“{self.chapter}”有一块没有内容")

    def _sentence(self, plan: Plan) -> Paragraph | None:
        lists = {name: self._listing(listing) for name, listing in plan.lists.items()}
        runs: list[Run] = []
        for at, part in enumerate(plan.sentence or ()):
            clause = part if isinstance(part, Clause) else Clause(text=part)
            if not self._holds(clause.when):
                continue
            filled = self._fill(clause.text, lists)
            if filled is None:
                if at == 0:
                    return None
                continue
            if runs and not _joined(_text(runs[-1]), _text(filled[0])):
                runs.append("，")
            runs += filled
        if not runs:
            return None
        last = _text(runs[-1])
        runs[-1] = _ended(runs[-1], last)
        if not last.endswith("。") and isinstance(runs[-1], Number):
            runs.append("。")
        return Paragraph(tuple(run for run in runs if _text(run)))

    def _each(self, plan: Each) -> list[Block]:
        """One paragraph a row."""
        made: list[Block] = []
        for row in self._rows(plan.of)[: plan.most]:
            if plan.when and not self._holds(plan.when, row):
                continue
            runs = self._fill(plan.text, {}, row)
            if runs:
                made.append(Paragraph(tuple(runs)))
        return made

    def _listing(self, listing: Listing) -> list[Run] | None:
        runs: list[Run] = []
        for row in self._rows(listing.of):
            if runs and _count(runs, listing.join) >= listing.most:
                break
            if listing.when and not self._holds(listing.when, row):
                continue
            item = self._fill(listing.item, {}, row)
            if item is None:
                continue
            if runs:
                runs.append(listing.join)
            runs += item
        return runs or None

    def _fill(
        self, text: str, lists: Mapping[str, list[Run] | None], row: Row | None = None
    ) -> list[Run] | None:
        """The runs of a text; None where a figure or list in it is not known."""
        runs: list[Run] = []
        last = 0
        for slot in _SLOT.finditer(text):
            runs.append(text[last : slot.start()])
            last = slot.end()
            name, form = slot.group(1), slot.group(2) or ""
            if name in lists:
                found = lists[name]
                if found is None:
                    return None
                runs += found
                continue
            value = self._value(name, row)
            if isinstance(value, str):
                runs.append(value)
                continue
            number = self._number(value, phrases.sentence(value, form) if value.known else None)
            if number is None:
                return None
            runs.append(number)
        runs.append(text[last:])
        return [run for run in runs if _text(run)]

    def _value(self, name: str, row: Row | None) -> str | Figure:
        if row is not None and name in row:
            return row[name]
        if name in self.material.words:
            return self.material.words[name]
        if name in self.material.figures:
            return self.material.figures[name]
        raise TemplateError(self.template.report, f"章节“{self.chapter}”用到没有的指标“{name}”")

    def _words(self, text: str) -> str:
        return "".join(_text(run) for run in self._fill(text, {}) or [text])

    def _number(self, figure: Figure, text: str | None) -> Number | None:
        """A printed figure; where it is not known the reason is kept as a gap."""
        if text is None:
            if figure.why and not figure.inapplicable:
                self.missing.setdefault(figure.why, []).append(self.chapter)
                self._met[figure.why] = None
            return None
        key = self.material.key_of(figure)
        self.used[key] = figure
        return Number(key, text)

    def _rows(self, name: str) -> list[Row]:
        if name not in self.material.lists:
            raise TemplateError(self.template.report, f"章节“{self.chapter}”用到没有的清单“{name}”")
        return self.material.lists[name]

    def _table(self, plan: TableBlock) -> Block | None:
        rows = self._rows(plan.of)[: plan.most]
        if not rows:
            return None
        taken = [[row.get(column.take, "") for column in plan.columns] for row in rows]
        unit = _unit(taken) if plan.unit == "auto" else plan.unit
        cells = tuple(tuple(self._cell(value, unit) for value in line) for line in taken)
        if all(_bare(cell) for line in cells for cell in line[1:]):
            return None
        self._tables += 1
        numeric = [any(isinstance(row.get(c.take), Figure) for row in rows) for c in plan.columns]
        money = any(isinstance(v, Figure) and v.unit is Unit.FEN for line in taken for v in line)
        return Table(
            f"表{self._tables}　{self._words(plan.caption)}",
            f"单位：{formats.UNIT_TITLES[unit]}" if money else "",
            tuple(
                Column(c.head, number, c.wide)
                for c, number in zip(plan.columns, numeric, strict=True)
            ),
            cells,
            plan.source or self._source(rows),
            frozenset(at for at, row in enumerate(rows) if row.get("strong")),
            plan.quoted,
        )

    def _cell(self, value: str | Figure, unit: formats.Unit) -> Run:
        if isinstance(value, str):
            return value or phrases.NOT_APPLICABLE
        text = phrases.cell(value, unit)
        return self._number(value, text if value.known else None) or text

    def _chart(self, plan: ChartBlock) -> Block | None:
        rows = self._rows(plan.of)[: plan.most]
        known = [
            row
            for row in rows
            if isinstance(figure := row.get(plan.take["value"]), Figure) and figure.known
        ]
        if not known:
            return None
        self._charts += 1
        for row in known:
            for column in plan.take.values():
                figure = row.get(column)
                if isinstance(figure, Figure) and figure.known:
                    self.used[self.material.key_of(figure)] = figure
        return Chart(
            f"图{self._charts}　{self._words(plan.caption)}",
            charts.FORMS[plan.form](rows, plan.take),
            charts.alternative(rows, plan.take),
            self._source(rows),
        )

    def _source(self, rows: list[Row]) -> str:
        """来源 · 口径 · 期间 of the figures in a table or chart, each once."""
        figures = [v for row in rows for v in row.values() if isinstance(v, Figure) and v.known]
        tables = dict.fromkeys(
            title for f in figures for query in f.queries for title in source_titles(query)
        )
        stages = dict.fromkeys(f.origin.stage for f in figures if f.tables)
        scopes = dict.fromkeys(f.origin.scope_kind for f in figures)
        status = [s for s in dict.fromkeys(f.origin.data_status for f in figures) if s != "正式"]
        parts = [f"来源：{'、'.join(tables)}", f"口径：{'、'.join(scopes)}，{'、'.join(stages)}"]
        if status:
            parts.append(f"数据状态：{'、'.join(status)}")
        return "；".join(parts)

    def _holds(self, test: str | None, row: Row | None = None) -> bool:
        return test is None or all(self._one(part, row) for part in test.split(" and "))

    def _one(self, test: str, row: Row | None) -> bool:
        found = _TEST.fullmatch(test.strip())
        if found is None:
            raise TemplateError(self.template.report, f"条件“{test}”写法不对")
        name, sign = found["name"], found["sign"]
        if sign in ("any", "none"):
            return bool(self._rows(name)) is (sign == "any")
        value = self._value(name, row)
        if isinstance(value, str):
            return bool(value) is (sign == "known")
        if sign in ("known", "unknown"):
            if sign == "known" and not value.known:
                self._number(value, None)
            return value.known is (sign == "known")
        if value.exact is None:
            return False
        limit = int(found["value"] or 0)
        return {"<": value.exact < limit, ">": value.exact > limit, "=": value.exact == limit}[sign]


def _joined(before: str, after: str) -> bool:
    """Whether punctuation already stands between two clauses."""
    return before.endswith(("。", "；", "：", "，")) or after.startswith(("。", "；"))


def _merged(missing: Mapping[str, list[str]]) -> tuple[Gap, ...]:
    merged: dict[str, tuple[list[str], list[str]]] = {}
    for text, where in missing.items():
        what, _, who = text.partition("：")
        places, chapters = merged.setdefault(what, ([], []))
        places += [who] if who else []
        chapters += where
    return tuple(
        Gap(what + ("：" + "、".join(places) if places else ""), tuple(dict.fromkeys(chapters)))
        for what, (places, chapters) in merged.items()
    )


def chinese(number: int) -> str:
    """1 → 一, 12 → 十二 (up to 99)."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _NUMBERS[ones - 1]
    head = ("" if tens == 1 else _NUMBERS[tens - 1]) + "十"
    return head + (_NUMBERS[ones - 1] if ones else "")


def _unit(lines: list[list[str | Figure]]) -> formats.Unit:
    """亿元 where the largest amount has at least ten of them, else 万元."""
    amounts = [
        abs(value.value or 0)
        for line in lines
        for value in line
        if isinstance(value, Figure) and value.unit is Unit.FEN
    ]
    return "yi" if max(amounts, default=0) >= 100_000_000_000 else "wan"


def _text(run: Run) -> str:
    return run if isinstance(run, str) else run.text


def _bare(run: Run) -> bool:
    return run in (phrases.MISSING, phrases.NOT_APPLICABLE)


def _ended(run: Run, text: str) -> Run:
    if isinstance(run, str) and not text.endswith("。"):
        return text.rstrip("，；") + "。"
    return run


def _count(runs: list[Run], join: str) -> int:
    return sum(run == join for run in runs) + 1
