"""One thing to mend, and the codes there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# A rule, parameter, word list or group that breaks one of these does not load.
LOADING = {
    "duplicate-key": "同一个键写了两次",
    "yaml": "不是合乎规范的 YAML",
    "shape": "文件的形状不对",
    "misplaced": "文件没有读入",
    "unknown-key": "没有这个键",
    "missing-key": "缺少键",
    "wrong-value": "值不合要求",
    "name": "没有这个名称",
    "override": "已有同名的一项",
    "source": "没有这张报表或主题表",
    "column": "没有这一列",
    "unit": "单位不同",
    "type": "类型不同",
    "syntax": "表达式读不懂",
    "node": "不能用的写法",
    "size": "表达式过大",
    "measure": "计量写法不对",
    "universe": "判断范围写法不对",
    "join": "关联写法不对",
    "query": "查询写法不对",
    "param-overlap": "参数同一天有两个值",
    "loosened": "本地值放宽了法定标准",
    "exemption": "例外情形登记不成立",
}
LOOKING = {
    "level-order": "级别没有从重到轻",
    "level-cap": "级别高于机器可给的",
    "level-impossible": "级别永远不会成立",
    "level-unreachable": "级别已被前面的条件占完",
    "no-citation": "没有写到条的依据",
    "citation": "依据不存在",
    "citation-date": "依据在规则有效期内不都有效",
    "quote": "引文与原文不符",
    "message-value": "文字没有写出判断所用的数",
    "message-limit": "文字没有写出标准",
    "message-unit": "单位写了两次",
    "message-word": "用了不能用的词",
    "no-why": "没有说明为什么看这件事",
    "no-method": "没有写方法",
    "no-handling": "没有写转给谁",
    "no-load": "没有写预计数量",
    "no-title": "值没有中文名",
    "duplicate-title": "两条规则同名",
    "no-tests": "没有测试",
    "test-kinds": "缺一类测试",
    "identity": "疑点跨年并在一起",
    "periods": "没有发生额的月份不判断",
    "unused-param": "参数没有规则使用",
    "stale-param": "参数一年没有核对",
    "words-exclude": "词表没有排除词",
    "unused-list": "词表或代码组没有规则使用",
    "local-note": "本地改动没有写明依据",
    "stale-excuse": "多余的说明",
}
CODES = {**LOADING, **LOOKING}


@dataclass(frozen=True)
class Flaw:
    """One thing to mend.

    Attributes:
        owner: id of the rule, parameter or list that it is about; it may excuse it.
    """

    code: str
    file: str
    line: int
    message: str
    owner: str = ""

    @property
    def page(self) -> str:
        """The page that says what the code means and what to write."""
        return f"docs/lint/{self.code}.md"

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules check`."""
        return {
            "code": self.code,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "page": self.page,
        }
