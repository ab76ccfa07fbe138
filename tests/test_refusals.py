"""Every kind of refusal that a model of ours can make is said in Chinese."""

from __future__ import annotations

from datetime import date, time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from budget_watch.refusals import refusal, refusals


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    size: int = 1


class Made(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)

    name: Annotated[str, Field(min_length=1, max_length=3, pattern="^[a-z]*$")] = "a"
    many: Annotated[int, Field(gt=0, le=9)] = 1
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    on: bool = True
    day: date = date(2026, 1, 1)
    at: time = time(2)
    kind: Literal["folder", "sftp"] = "folder"
    colour: Colour = Colour.RED
    parts: Annotated[tuple[int, ...], Field(min_length=1, max_length=2)] = (1,)
    items: list[Inner] = []
    words: dict[str, str] = {}
    path: Path = Path()
    odd: int = 1

    @field_validator("odd")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("要写单数")
        return value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sise": 1}, "sise：没有这一项；请核对拼写或删去"),
        ({"name": ""}, "name：不能是空的"),
        ({"name": 1}, 'name：应是文字；是代码或数字就加引号，如 "101"'),
        ({"name": "abcd"}, "name：最多 3 个字"),
        ({"name": "A"}, "name：“A”写法不对（应合 ^[a-z]*$）"),
        ({"many": 0}, "many：应大于 0"),
        ({"many": 10}, "many：应不大于 9"),
        ({"many": "x"}, "many：“x”不是整数"),
        ({"many": 1.5}, "many：“1.5”不是整数"),
        ({"many": []}, "many：应是整数"),
        ({"share": 1}, "share：应小于 1.0"),
        ({"share": -1}, "share：应不小于 0.0"),
        ({"share": "x"}, "share：“x”不是数"),
        ({"on": "maybe"}, "on：“maybe”应写 true 或 false"),
        ({"day": "morgen"}, "day：“morgen”不是日期；请写 2026-03-31"),
        ({"at": "spät"}, "at：“spät”不是时刻；请写 02:00"),
        ({"kind": "ftp"}, "kind：应为 folder、sftp 之一，这里是“ftp”"),
        ({"colour": "green"}, "colour：应为 red、blue 之一，这里是“green”"),
        ({"parts": 1}, "parts：应是一张列表：[…] 或各行以“- ”开头"),
        ({"parts": []}, "parts：至少要写 1 项"),
        ({"parts": [1, 2, 3]}, "parts：最多写 2 项"),
        ({"items": [1]}, "items.0：应是“键: 值”的映射"),
        ({"items": [{"size": "x"}]}, "items.0.size：“x”不是整数"),
        ({"words": 1}, "words：应是“键: 值”的映射"),
        ({"path": 1}, "path：应是路径，写在引号里"),
        ({"odd": 2}, "odd：要写单数"),
    ],
)
def test_a_refusal_is_said_in_chinese(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Made.model_validate(given)
    assert refusal(caught.value) == refusals(caught.value) == said


def test_all_refusals_of_a_section_are_told() -> None:
    with pytest.raises(ValidationError) as caught:
        Made.model_validate({"many": 0, "kind": "ftp"})
    said = "many：应大于 0；kind：应为 folder、sftp 之一，这里是“ftp”"
    assert refusals(caught.value) == said
