"""Three orders that decide reading: how deep a row goes, how sensitive it is, how far it is."""

from __future__ import annotations

from enum import IntEnum


class Depth(IntEnum):
    """How far down the chain of documents a row lies; a reader of a depth sees it and above."""

    DEPARTMENT = 1
    UNIT = 2
    PROJECT = 3
    INDICATOR = 4
    APPLICATION = 5
    VOUCHER = 6

    @property
    def word(self) -> str:
        """The Chinese word."""
        return _DEPTHS[self]

    @classmethod
    def of(cls, text: str) -> Depth:
        """From its English or Chinese word.

        Raises:
            ValueError: no such depth; names those there are.
        """
        for each in cls:
            if text in (each.name.lower(), each.word):
                return each
        known = "、".join(f"{each.name.lower()}（{each.word}）" for each in cls)
        raise ValueError(f"没有名为“{text}”的深度；可用 {known}。")


_DEPTHS = {
    Depth.DEPARTMENT: "部门",
    Depth.UNIT: "单位",
    Depth.PROJECT: "项目",
    Depth.INDICATOR: "指标",
    Depth.APPLICATION: "支付申请",
    Depth.VOUCHER: "支付凭证",
}
# What names a thing of each depth. Who was paid, on which document and for what lies as deep as
# the voucher itself.
_COLUMNS = {
    "dept_code": Depth.DEPARTMENT,
    "agency_code": Depth.UNIT,
    "exec_agency": Depth.UNIT,
    "pro_code": Depth.PROJECT,
    "bgt_id": Depth.INDICATOR,
    "ori_bgt_id": Depth.INDICATOR,
    "adj_sub_id": Depth.INDICATOR,
    "plan_id": Depth.INDICATOR,
    "pay_app_id": Depth.APPLICATION,
    "pay_cert_id": Depth.VOUCHER,
    "pay_detail_id": Depth.VOUCHER,
    "pay_alloc_cert_no": Depth.VOUCHER,
    "inc_cert_id": Depth.VOUCHER,
    "non_tax_pay_code": Depth.VOUCHER,
    "instr_no": Depth.VOUCHER,
    "acct_no": Depth.VOUCHER,
    "invoice_no": Depth.VOUCHER,
    "payee_acct_no": Depth.VOUCHER,
    "payee_acct_name": Depth.VOUCHER,
    "payee_key": Depth.VOUCHER,
    "payee_party": Depth.VOUCHER,
    "payer_name": Depth.VOUCHER,
    "iden_hash": Depth.VOUCHER,
    "per_name": Depth.VOUCHER,
}


def depth_of(columns: tuple[str, ...]) -> Depth:
    """The depth of what these key or grain columns name; the department's where none is deeper."""
    return max((_COLUMNS[name] for name in columns if name in _COLUMNS), default=Depth.DEPARTMENT)


def column_depth(name: str) -> Depth:
    """The depth of one column."""
    return _COLUMNS.get(name, Depth.DEPARTMENT)


class Sensitivity(IntEnum):
    """公开, 内部 or 敏感. 涉密 is never taken in, so there is no word for it."""

    OPEN = 1
    INTERNAL = 2
    SENSITIVE = 3

    @property
    def word(self) -> str:
        """The Chinese word."""
        return ("公开", "内部", "敏感")[self - 1]

    @classmethod
    def of(cls, text: str) -> Sensitivity:
        """From the word that contracts and rules carry.

        Raises:
            ValueError: no such word.
        """
        for each in cls:
            if text in (each.word, each.name.lower()):
                return each
        raise ValueError(f"没有名为“{text}”的敏感级别；可用 公开、内部、敏感。")


class Reached(IntEnum):
    """How far the handling of a finding must have come before it is shown."""

    FOUND = 1
    UPHELD = 2
    TRANSFERRED = 3

    @property
    def word(self) -> str:
        """The Chinese word."""
        return ("全部", "初核成立后", "转交后")[self - 1]

    @classmethod
    def of(cls, text: str) -> Reached:
        """From the word of `permissions.yaml`.

        Raises:
            ValueError: no such word.
        """
        for each in cls:
            if text in (each.word, each.name.lower()):
                return each
        raise ValueError(f"没有名为“{text}”的办理程度；可用 全部、初核成立后、转交后。")
