"""What a page of the dashboard is called, from its address: `/exec/d101` is 预算执行 › 教育局.

Places are named as the reader's names know them; what is not theirs to see stays a code.
"""

from __future__ import annotations

from urllib.parse import unquote

from budget_watch.views.names import Names

TITLES = {  # as the dashboard's own menu has them; a test holds the two together
    "overview": "总览",
    "exec": "预算执行",
    "voucher": "支付凭证",
    "alerts": "预警中心",
    "finding": "疑点",
    "sangong": "三公经费",
    "transfer": "转移支付",
    "assets": "国有资产",
    "social": "社保基金",
    "audit": "审计整改",
    "draft": "预算草案审查",
    "final": "决算与公开",
    "performance": "绩效",
    "debt": "政府债务",
    "data": "数据质量",
    "laws": "政策法规",
    "params": "参数",
    "rules": "规则与参数",
    "congress": "人代会",
    "livelihood": "民生实事",
    "resolution": "决议事项台账",
    "agenda": "会议与议题",
    "events": "大事记",
    "lists": "四张清单",
    "search": "搜索",
    "exemptions": "例外情形登记",
    "opinions": "审议意见",
    "digest": "季刊与报告",
    "calendar": "监督日历",
}
_PLACES = (
    "exec",
    "sangong",
    "transfer",
    "audit",
    "debt",
    "draft",
    "final",
    "performance",
)  # whose parts are a letter and a code
_LIST = "支付凭证"


def page_words(names: Names, address: str) -> str:
    """The page in Chinese words; the address itself where it is no page that is known."""
    path, _, query = address.partition("?")
    page, *parts = path.strip("/").split("/")
    title = TITLES.get(page or "overview")
    if title is None:
        return address
    steps = [unquote(part) for part in parts if part]
    said = [title]
    if page in _PLACES:
        said += [_step(names, step[:1], step[1:]) for step in steps if len(step) > 1]
        said += [_LIST] if "tab=v" in query.split("&") else []
    else:
        said += steps[-1:]
    return " › ".join(said)


def _step(names: Names, letter: str, code: str) -> str:
    if letter == "y":
        return "一个收款人"  # the address holds a hash, never a name
    return names.of(letter, code)
