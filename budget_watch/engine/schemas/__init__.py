"""JSON Schemas of the rule book's YAML files, for editors: made from the models by `write_schemas`.

Only the generated files and what makes them live here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from budget_watch.engine.cases import RuleTests
from budget_watch.engine.local import LocalGroup, LocalParam, LocalWords
from budget_watch.engine.model import Exemption, Group, Law, Param, Rule, Words
from budget_watch.engine.year_model import Node, Off

FOLDER = Path(__file__).parent
KINDS: dict[str, Any] = {
    "rule": Rule,
    "tests": RuleTests,
    "params": list[Param | LocalParam],
    "laws": list[Law],
    "groups": list[Group | LocalGroup],
    "words": list[Words | LocalWords],
    "exemptions": list[Exemption],
    "calendar": list[Node | Off],
}


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file."""
    found = TypeAdapter(KINDS[kind]).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write all schemas; run after a change of the models."""
    files = []
    for kind in KINDS:
        path = folder / f"{kind}.json"
        text = json.dumps(schema(kind), ensure_ascii=False, indent=2, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")
        files.append(path)
    return files
