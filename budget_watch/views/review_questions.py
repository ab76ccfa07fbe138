"""What the law asks to look at in a draft, in final accounts, in performance, and by which rules.

The words are those of the articles, “……” where some are left out (预算法 2018-12-29, 监督法
2024-11-08, 审计法 2021-10-23, 预算法实施条例 2020-08-03). A question without rules cannot be judged
from data: people answer it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from budget_watch.engine import Book
from budget_watch.engine.check import CheckedRule


@dataclass(frozen=True)
class Question:
    """One thing to look at.

    Attributes:
        law, article: which article asks; "" for rules that no question names.
        item: “（一）” or “第三款”, "" where the article is not divided.
        words: of the article.
        rules: ids of the rules that judge it.
        items: of a rule that judges many matters (`item`), those that this question asks of.
    """

    law: str
    article: str
    item: str
    words: str
    rules: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


# Rules that judge a year that has ended: in the review of a draft they speak of the year before.
YEAR_BEFORE = frozenset(("BZ09",))
OTHERS = "没有列入上述内容的规则"


def _asked(article: str, *rows: tuple[str, str, tuple[str, ...]]) -> tuple[Question, ...]:
    return tuple(Question("budget-law", article, item, words, own) for item, words, own in rows)


DRAFT = (
    Question(
        "budget-law",
        "44",
        "",
        "应当在本级人民代表大会会议举行的三十日前，将本级预算草案的初步方案提交……初步审查",
        ("JS03",),
        ("草案送审",),
    ),
    *_asked(
        "48",
        ("（一）", "上一年预算执行情况是否符合本级人民代表大会预算决议的要求", ("BZ09",)),
        (
            "（二）",
            "预算安排是否符合本法的规定",
            ("BZ01", "BZ02", "BZ03", "BZ04", "BZ05", "BZ11"),
        ),
        (
            "（三）",
            "预算安排是否贯彻国民经济和社会发展的方针政策，收支政策是否切实可行",
            ("BZ13",),
        ),
        ("（四）", "重点支出和重大投资项目的预算安排是否适当", ("BZ14", "BZ16")),
        (
            "（五）",
            "预算的编制是否完整，是否符合本法第四十六条的规定",
            ("BZ06", "BZ07", "BZ08", "BZ15"),
        ),
        ("（六）", "对下级政府的转移性支出预算是否规范、适当", ("BZ10", "BZ12")),
        (
            "（七）",
            "预算安排举借的债务是否合法、合理，是否有偿还计划和稳定的偿还资金来源",
            ("ZW01", "ZW05", "ZW09"),
        ),
        ("（八）", "与预算有关重要事项的说明是否清晰", ()),
    ),
)
FINAL = (
    Question(
        "supervision-law",
        "19",
        "",
        "应当在每年六月至九月期间，将上一年度的本级决算草案提请本级人民代表大会常务委员会审查和批准",
        ("JS03",),
        ("决算草案送审", "决算批准"),
    ),
    Question(
        "budget-law",
        "75",
        "",
        "决算草案应当与预算相对应，按预算数、调整预算数、决算数分别列出",
        ("JS01", "JS02", "JS07"),
    ),
    *_asked(
        "79",
        ("（一）", "预算收入情况", ("ZX08",)),
        ("（二）", "支出政策实施情况和重点支出、重大投资项目资金的使用及绩效情况", ()),
        ("（三）", "结转资金的使用情况", ("ZX15",)),
        ("（四）", "资金结余情况", ()),
        ("（五）", "本级预算调整及执行情况", ("ZX13",)),
        ("（六）", "财政转移支付安排执行情况", ("ZX03", "ZX04", "ZX05")),
        ("（七）", "经批准举借债务的规模、结构、使用、偿还等情况", ("ZW01", "ZW09", "ZW10")),
        ("（八）", "本级预算周转金规模和使用情况", ("BZ02",)),
        ("（九）", "本级预备费使用情况", ("ZX17",)),
        ("（十）", "超收收入安排情况，预算稳定调节基金的规模和使用情况", ("ZX16",)),
        ("（十一）", "本级人民代表大会批准的预算决议落实情况", ()),
    ),
    Question(
        "budget-law",
        "80",
        "",
        "各级决算经批准后，财政部门应当在二十日内向本级各部门批复决算",
        ("JS04",),
    ),
    Question("budget-law", "14", "", "应当在批准后二十日内……向社会公开", ("JS05", "JS06", "SG08")),
    Question(
        "audit-law", "52", "", "被审计单位应当按照规定时间整改审计查出的问题", ("JS08", "JS10")
    ),
    Question(
        "supervision-law",
        "27",
        "",
        "在听取和审议审计工作报告后的六个月内，听取和审议本级人民政府关于审计查出问题整改情况的报告",
        ("JS09",),
    ),
    Question("supervision-law", "29", "", "审议意见交由本级人民政府研究处理", ("JS11",)),
    Question(
        "supervision-law",
        "24",
        "",
        "应当每年向本级人民代表大会常务委员会报告国有资产管理情况（政府债务管理情况见第二十五条）",
        ("JS12",),
    ),
)
PERFORMANCE = (
    Question(
        "budget-law",
        "32",
        "第一款",
        "参考上一年预算执行情况、有关支出绩效评价结果和本年度收支预测……进行编制",
        ("JX03",),
    ),
    Question(
        "budget-law",
        "32",
        "第三款",
        "按照……绩效目标管理等预算编制规定……编制本部门、本单位预算草案",
        ("BZ15", "JX01"),
    ),
    Question(
        "budget-law",
        "57",
        "",
        "各级政府、各部门、各单位应当对预算支出情况开展绩效评价",
        ("JX02",),
    ),
    Question(
        "budget-law-regulation",
        "20",
        "",
        "绩效评价结果应当按照规定作为改进管理和编制以后年度预算的依据",
        ("JX04", "JX05"),
    ),
)


def questions(book: Book, asked: Sequence[Question], area: str) -> tuple[Question, ...]:
    """The questions with the rules that the book has, and last the area's rules that none names."""
    named = {name for each in asked for name in each.rules}
    found = [replace(each, rules=tuple(r for r in each.rules if r in book.rules)) for each in asked]
    rest = tuple(
        rule.id for rule in in_use(book) if rule.rule.area == area and rule.id not in named
    )
    return (*found, Question("", "", "", OTHERS, rest)) if rest else tuple(found)


def in_use(book: Book) -> Iterable[CheckedRule]:
    """The rules that a run judges."""
    return (rule for rule in book.rules.values() if rule.rule.status in ("trial", "active"))
