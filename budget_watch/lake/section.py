"""A section of a home's budget_watch.toml, read into its model."""

from __future__ import annotations

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from budget_watch.lake.home import CONFIGURATION, Home
from budget_watch.refusals import refusals

Section = TypeVar("Section", bound=BaseModel)


def read_section(home: Home, name: str, model: type[Section], wrong: type[Exception]) -> Section:
    """The section as it stands now; all defaults where there is none.

    Args:
        wrong: what is raised where the file is no TOML or a key is wrong; says which.
    """
    path = home.root / CONFIGURATION
    if not path.exists():
        return model()
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")).get(name, {}))
    except tomllib.TOMLDecodeError as error:
        raise wrong(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error
    except ValidationError as error:
        raise wrong(f"{path} 的 [{name}] 写错了：{refusals(error)}。") from error
