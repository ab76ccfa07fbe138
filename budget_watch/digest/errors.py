"""What can go wrong with a report: a family of its own, each says what, where, what to do."""

from __future__ import annotations


class DigestError(Exception):
    """Any failure to make a report."""


class PeriodError(DigestError):
    """A period that is not one."""

    def __init__(self, text: str) -> None:
        super().__init__(f"期间“{text}”不能识别。请写成 2026Q3、2026-09、2026H1 或 2026。")


class TemplateError(DigestError):
    """A template that cannot be used."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"模板 {where}：{what}")


class DigestRefusedError(DigestError):
    """The input is insufficient and the report may not hide it."""
