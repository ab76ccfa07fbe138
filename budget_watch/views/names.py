"""Names for codes, as the snapshot knows them: regions, departments, units, projects, indicators.

A code without a name stays a code; nothing is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from budget_watch import codes

if TYPE_CHECKING:
    from budget_watch.lake import Reader

FUND_TYPES = {
    "1": "预算资金",
    "11": "一般公共预算",
    "12": "政府性基金",
    "13": "国有资本经营",
    "14": "社会保险基金",
    "2": "财政专户管理资金",
    "3": "单位资金",
}


@dataclass(frozen=True)
class Names:
    """Code → name, for one snapshot and grant.

    Attributes:
        regions: mof_div_code → name. units: agency_code (and dept_code) → name.
        projects: pro_code → name. indicators: bgt_id → document number of the indicator.
        documents: bgt_id → title of that document.
        departments: the dept_code of every department, in order.
    """

    regions: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    departments: tuple[str, ...] = ()

    def of(self, letter: str, code: str) -> str:  # noqa: PLR0911
        """The name of a path step (letters of pages.md §4); the code where there is none."""
        match letter:
            case "z":
                return self.regions.get(code, code)
            case "d" | "u":
                return self.units.get(code, code)
            case "p":
                return self.projects.get(code, code)
            case "i":
                return self.indicators.get(code, code)
            case "f":
                return FUND_TYPES.get(code, code)
            case "c" | "e" | "g":
                return self.codes.get(f"{letter}{code}", code)
            case "m":
                return months_title(code)
        return code


_QUARTERS = {"1-3": "第一季度", "4-6": "第二季度", "7-9": "第三季度", "10-12": "第四季度"}


def months_title(code: str) -> str:
    """What a step of months is called: 10月, 第三季度, 2—5月."""
    first, _, last = code.partition("-")
    plain = f"{int(first)}—{int(last)}月" if last else f"{int(first)}月"
    return _QUARTERS.get(code, plain)


def names(reader: Reader, year: int) -> Names:
    """Read all names once per snapshot and grant."""
    units = (
        reader.scan("unit")
        .sort("agency_code", "valid_from")
        .select("agency_code", "agency_name", "dept_code", "dept_name")
        .collect()
    )
    called = dict(units.select("agency_code", "agency_name").drop_nulls().iter_rows())
    for code, name in units.select("dept_code", "dept_name").drop_nulls().iter_rows():
        called.setdefault(code, name)
    indicators = (
        reader.scan("indicator").select("bgt_id", "cor_bgt_doc_no", "bgt_doc_title").collect()
    )
    return Names(
        regions=_regions(reader),
        units=called,
        projects=dict(
            reader.scan("project").select("pro_code", "pro_name").drop_nulls().collect().iter_rows()
        ),
        indicators=dict(indicators.select("bgt_id", "cor_bgt_doc_no").drop_nulls().iter_rows()),
        documents=dict(indicators.select("bgt_id", "bgt_doc_title").drop_nulls().iter_rows()),
        codes=_codes(year),
        departments=tuple(units["dept_code"].drop_nulls().unique().sort()),
    )


def _regions(reader: Reader) -> dict[str, str]:
    frame = reader.scan("debt_position").select("mof_div_code", "region_name").drop_nulls()
    found = dict(frame.unique("mof_div_code").collect().iter_rows())
    return {
        code: name.removesuffix("（全市）").removesuffix("本级") for code, name in found.items()
    }


def _codes(year: int) -> dict[str, str]:
    """Functional (c) and department economic (e) names of a fiscal year."""
    found: dict[str, str] = {}
    for letter, system in (("c", "functional"), ("e", "dept_economic"), ("g", "gov_economic")):
        known = codes.years(system)
        usable = min(max(year, known[0]), known[-1])
        found |= {f"{letter}{code}": name for code, name in codes.names(system, usable).items()}
    return found
