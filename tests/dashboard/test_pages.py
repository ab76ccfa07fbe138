"""Every page, read as a person reads it: sources, units, cells, wording, ways down."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, Reader
from budget_watch.views import reconciliation
from dashboard.address import parse
from dashboard.app import answer
from tests.dashboard.reading import cells, classed, kinds, links, nodes, words

PAGES = [
    "/",
    "/admin/matrix",
    "/admin/matrix?role=deputy&q=FIN",
    "/admin/matrix?tab=acts",
    "/admin/audit",
    "/overview",
    "/overview?scope=all",
    "/overview?scope=county",
    "/exec",
    "/exec?scope=all",
    "/exec?scope=all&by=d",
    "/exec?scope=county",
    "/exec?to=10",
    "/exec?fy=2025",
    "/exec?cmp=ly",
    "/exec?cmp=2025-9",
    "/exec/d101?cmp=d102",
    "/exec/d101?cmp=peers",
    "/exec/d101/u101001?cmp=d101,u101002",
    "/exec?by=c",
    "/exec?by=e",
    "/exec?by=f",
    "/exec?by=o",
    "/exec?by=m",
    "/exec?cols=approved,month,vouchers,lead&unit=yuan",
    "/exec/m10",
    "/exec/z990121000",
    "/exec/f11/d101?open=101001",
    "/exec/d101?by=p",
    "/exec/d101?by=y",
    "/exec/d101?tab=v",
    "/exec/d101?tab=v&min=45000000&method=%E8%BD%AC%E8%B4%A6&sort=-amt",
    "/exec/d101/u101001/pP1010011",
    "/exec/d101/u101001/pP1010011/iI20261010011",
    "/exec/d101/u101001/pP1010011/iI20261010011/sS2026011010011",
    "/exec/c205/d101?by=c",
    "/voucher/2026/V2026011010011",
    "/voucher/2026/V2026011010011?tab=payee",
    "/voucher/2026/V2026011010011?tab=indicator",
    "/voucher/2026/V2026011010011?tab=findings",
    "/voucher/2026/V2026011010011?tab=origin",
    "/voucher/2026/Vloose",
    "/draft",
    "/draft?tab=capital&open=all&unit=yi",
    "/draft?rule=BZ15",
    "/draft/d101?by=c",
    "/final",
    "/final?tab=all&open=all,0",
    "/final/d101",
    "/performance",
    "/performance?tab=all&sort=rate",
    "/performance/d101",
    "/transfer",
    "/transfer?tab=all&open=all&unit=yi",
    "/social",
    "/assets",
    "/assets?tab=soe",
    "/assets?tab=admin&open=all",
    "/assets?tab=nature",
    "/audit",
    "/audit?scope=all&tab=all&open=all",
    "/digest",
    "/calendar",
    "/calendar?year=2027",
    "/calendar?tab=month&mon=1",
    "/resolution",
    "/congress",
    "/agenda",
    "/events",
    "/sangong",
    "/sangong?scope=all&sort=over",
    "/sangong?sort=yoy&open=all&unit=yuan",
    "/debt",
    "/debt?scope=all",
    "/debt/z990121000",
    "/alerts",
    "/alerts?by=d",
    "/alerts?by=r",
    "/alerts?lv=red&new=1",
    "/alerts?dept=101&lv=blue",
    "/data",
    "/data/payment_voucher",
    "/data/tax_revenue",
    "/data/recon",
    "/laws",
    "/laws/budget-law",
    "/laws/budget-law?tab=rules",
    "/laws/budget-law?tab=params",
    "/laws/budget-law/35",
    "/laws?q=%E9%A2%84%E7%AE%97%E6%B3%95",
    "/params",
    "/params?tab=law",
    "/params?tab=custom&area=debt",
    "/params/drafting.reserve.low",
    "/params/execution.lag.serious",
    "/rules",
    "/rules?area=voucher",
    "/rules/PZ02",
    "/rules/ZX06",
    "/search",
    "/search?q=%E6%95%99%E8%82%B2",
    "/search?q=V2026011010011",
    "/search?q=PZ02",
]
FORBIDDEN = (
    "违法",
    "违规",
    "违纪",
    "贪污",
    "挪用",
    "套取",
    "截留",
    "虚报",
    "造假",
    "问题单位",
    "涉嫌",
    "异常",
    "严重",
    "系统判定",
    "智能",
    "登陆",
    "其它",
    "！",
)


def read(home: Home, path: str, grant: Grant | None = None) -> list[object]:
    parts = urlsplit(path)
    return answer(home, grant or Grant.operator("test"), parts.path, parts.query)


def main(home: Home, path: str, grant: Grant | None = None) -> object:
    return kinds(read(home, path, grant), "Main")[0]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands(home: Home, path: str) -> None:
    page = main(home, path)
    text = words(page)
    assert "未能载入" not in text, text
    assert "无法打开" not in text, text
    assert words(kinds(page, "H1")[0])
    for section in classed(page, "block"):
        if type(section).__name__ == "Section":
            assert kinds(section, "Footer"), f"block without a source line: {words(section)[:40]}"


@pytest.mark.parametrize("path", PAGES)
def test_no_cell_is_empty_and_no_row_is_short(home: Home, path: str) -> None:
    for table in kinds(main(home, path), "Table"):
        head, *rows = kinds(table, "Tr")
        width = len(kinds(head, "Th"))
        for row in rows:
            if "heading" in (row.className or ""):  # over the rows below it
                assert [cell.colSpan for cell in kinds(row, "Th")] == [str(width)]
                continue
            assert len(cells(row)) == width
            drawn = [
                words(cell) or classed(cell, "bullet") or kinds(cell, "Button")
                for cell in kinds(row, "Td") + kinds(row, "Th")
            ]
            assert all(drawn), cells(row)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_accuses_anybody(home: Home, path: str) -> None:
    name = "财政违法行为处罚处分条例"  # a regulation in the register
    text = words(main(home, path)).replace(name, "")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_on_a_page_can_be_opened(home: Home, path: str) -> None:
    for href in links(read(home, path)):
        parts = urlsplit(href)
        assert parse(parts.path, parts.query).href == href


@pytest.mark.parametrize("path", ["/exec", "/exec?scope=all", "/exec/d101", "/exec/d101?by=y"])
def test_rows_and_the_gap_add_up_to_the_total_as_printed(home: Home, path: str) -> None:
    table = kinds(main(home, path), "Table")[-1] if "all" not in path else None
    table = table or next(
        t for t in kinds(main(home, path), "Table") if "按区划" in words(t.children[0])
    )
    titles = [words(th).rstrip(" ▼▲") for th in kinds(kinds(table, "Tr")[0], "Th")]
    at = titles.index("支出")
    rows = [
        (row.className, Decimal(cells(row)[at].replace(",", ""))) for row in kinds(table, "Tr")[1:]
    ]
    whole = next(value for kind, value in rows if kind == "total")
    assert sum(value for kind, value in rows if kind != "total") == whole


def test_the_voucher_list_says_that_it_agrees_with_the_figure(home: Home) -> None:
    assert "45笔，合计1,488.20万元（与上表一致 ✓）" in words(main(home, "/exec/d101?tab=v"))


def test_the_gap_row_is_there_even_when_nothing_is_left_over(home: Home) -> None:
    gap = classed(main(home, "/exec"), "gap")[0]
    assert cells(gap)[0] == "差额（未列明）"
    assert "0.00" in cells(gap)


def test_applications_beyond_those_listed_are_one_row_so_that_rows_add_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("budget_watch.views.drill.LIMIT", 4)
    path = "/exec/d101/u101001/pP1010011/iI20261010011?by=s"
    rows = [cells(row) for row in kinds(kinds(main(home, path), "Table")[-1], "Tr")]
    paid = {row[0]: (Decimal(row[4].replace(",", "")), row[6]) for row in (rows[1], rows[-2])}
    assert paid == {"合计": (Decimal("495.00"), "11"), "其余7份": (Decimal("315.00"), "7")}
    listed = sum(Decimal(row[4].replace(",", "")) for row in rows[2:-1])
    assert listed == Decimal("495.00")


def test_natural_persons_stay_masked_everywhere(home: Home) -> None:
    for path in ("/exec/d101?tab=v", "/exec/d101?by=y", "/voucher/2026/Vloose"):
        text = words(main(home, path))
        assert "张三丰" not in text
        assert "张**" in text
        assert "6222123412341234" not in text


def test_no_person_account_or_name_stands_in_an_address(home: Home) -> None:
    for href in links(main(home, "/exec/d101?by=y")):
        assert "6222" not in href
        assert "%E5%BC%A0" not in href


def test_a_department_sees_nothing_of_another_not_even_a_count(home: Home) -> None:
    grant = Grant("u", "test", Scope(departments=frozenset({"102"})))
    for path in ("/overview", "/exec", "/alerts", "/exec?by=c"):
        text = words(main(home, path, grant))
        assert "教育局" not in text
        assert "第一中学" not in text
    hidden = words(main(home, "/voucher/2026/V2026011010011", grant))
    assert "没有找到这条记录，或您没有查看权限。" in hidden
    assert hidden == words(main(home, "/voucher/2026/nothing", grant))


def test_unknown_settings_are_refused_with_a_sentence(home: Home) -> None:
    for path, sentence in (
        ("/exec?colour=red", "地址里的“colour”不能识别"),
        ("/exec?fy=2027", "还没有2027年的数据"),
        ("/exec?asof=2020-01-01", "没有数据快照"),
        ("/exec?by=s", "不能再按“支付申请”划分"),
        ("/debt/z123", "没有区划 123 的债务数据"),
        ("/finding/0123456789", "没有找到这条记录"),
        ("/data/nothing", "没有找到这条记录"),
        ("/rules/XX99", "没有找到这条记录"),
        ("/nowhere", "没有“nowhere”这个页面"),
    ):
        assert sentence in words(main(home, path)), path


def test_a_home_without_data_says_how_to_begin(tmp_path) -> None:
    assert "尚无运行记录" in words(main(Home(tmp_path), "/"))


def test_missing_limits_and_ratios_read_as_missing_never_as_zero(home: Home) -> None:
    county = words(main(home, "/debt/z990121000"))
    assert "数据不足" in county
    assert "不计算债务率" in county


def test_every_finding_has_a_page_with_law_evidence_and_way_back(home: Home) -> None:
    seen: set[str] = set()
    for finding in list_findings(home, Grant.operator("test")):
        if finding.rule in seen:
            continue
        seen.add(finding.rule)
        page = main(home, f"/finding/{finding.finding[:16]}")
        assert [n for n in nodes(page) if getattr(n, "href", "") == "#handling"]
        assert [n for n in nodes(page) if getattr(n, "id", "") == "handling"]
        text = words(page)
        heads = [words(head) for head in kinds(page, "H2")]
        assert "未能载入" not in text, finding.rule
        for wanted in (
            "数值与限额",
            "为什么要关注",
            "怎么算的",
            "证据",
            "同类",
            "历史",
            "办理",
            "复算",
        ):
            assert wanted in heads, (finding.rule, wanted)
        # the SQL names the words that are looked for in purposes: those are the payers' own
        said = text
        for sql in kinds(page, "Pre"):
            said = said.replace(words(sql), "")
        assert [word for word in FORBIDDEN if word in said] == [], finding.rule
        if finding.klass != "法":
            assert not re.search(r"不符合《[^》]+》第", text)
    assert len(seen) >= 5


def test_evidence_of_a_finding_adds_up_to_its_measure(home: Home) -> None:
    finding = next(f for f in list_findings(home, Grant.operator("test")) if f.rule == "PZ02")
    page = main(home, f"/finding/{finding.finding[:16]}")
    assert "合计与计量一致 ✓" in words(page)
    gap = classed(page, "gap")[0]
    assert cells(gap)[-1] == "0.00"


def test_levels_are_told_by_sign_and_word(home: Home) -> None:
    chips = classed(main(home, "/alerts"), "chip")
    assert {words(chip) for chip in chips} <= {
        "◆红",
        "▲橙",
        "■黄",
        "●蓝",
        "▲橙 待核实",
        "■黄 待核实",
        "●蓝 待核实",
    }
    assert chips


def test_a_page_for_a_past_day_says_so(home: Home) -> None:
    assert "数据截至" in words(read(home, "/overview?asof=2026-11-20"))


def test_the_drill_goes_from_region_to_detail_by_links_alone(home: Home) -> None:
    path = "/exec?scope=all"
    for wanted in (
        "/exec/z990100000",
        "/d101",
        "/u101001",
        "/pP1010011",
        "/iI20261010011",
        "/sS",
        "/voucher/2026/",
    ):
        found = [href for href in links(main(home, path)) if wanted in href and "tab=v" not in href]
        assert found, (path, wanted)
        path = max(found, key=lambda href: href.count("/"))
    assert "支付明细" in words(main(home, path))


def test_no_label_is_english(home: Home) -> None:
    allowed = re.compile(
        r"FIN-?\d*|TRE-\d+|REF-\d+|TAX-\d+|NR-\d+|AUD-\d+|NDRC-\d+|SASAC-\d+|HRSS-\d+|NHSA-\d+|STAT-\d+"
        r"|[A-Z]{2}\d{2}[A-Z]?|S20\d+-\d+|budget-watch( [a-z]+)*|[IPSVLB]\w+|99-\w+|[0-9a-f]{12,64}"
        r"|[HML](?=。)|T\+|Excel|CSV|PNG"
    )
    for path in ("/overview", "/exec", "/exec/d101", "/debt", "/alerts", "/data"):
        text = allowed.sub("", words(main(home, path)))
        assert re.findall(r"[A-Za-z]{3,}", text) == [], path


def test_no_inline_script_or_foreign_address_is_in_the_tree(home: Home) -> None:
    for path in ("/overview", "/exec", "/alerts"):
        for node in nodes(read(home, path)):
            assert type(node).__name__ not in ("Script", "Iframe")
            href = getattr(node, "href", None)
            assert href is None or str(href).startswith(("/", "#"))


def test_the_total_row_counts_the_findings_that_the_link_lists(home: Home) -> None:
    page = main(home, "/exec/d101")
    row = classed(page, "total")[0]
    shown = cells(row)[-1]
    listed = len(list_findings(home, Grant.operator("test"), dept="101"))
    assert int(re.findall(r"\d+", shown)[-1]) == listed
    assert shown[0] in "◆▲■●"
    parts = [cells(r)[-1] for r in kinds(kinds(page, "Table")[-1], "Tr")[2:]]
    assert sum(int(re.findall(r"\d+", text)[-1]) for text in parts) == listed


def test_a_search_finds_places_vouchers_and_findings_each_with_its_address(home: Home) -> None:
    places = links(main(home, "/search?q=%E6%95%99%E8%82%B2%E5%B1%80"))
    assert "/exec/d101" in places
    assert "/exec/d101/u101001" in places
    voucher = main(home, "/search?q=V2026011010011")
    assert "/voucher/2026/V2026011010011" in links(voucher)
    assert any(href.startswith("/finding/") for href in links(main(home, "/search?q=PZ02")))
    assert "没有名称或编号含" in words(main(home, "/search?q=nothing-like-it"))


def test_a_search_finds_no_natural_person_and_nothing_outside_the_scope(home: Home) -> None:
    for name in ("%E5%BC%A0%E4%B8%89%E4%B8%B0", "%E5%BC%A0**"):
        found = main(home, f"/search?q={name}")
        assert not [href for href in links(found) if "/y" in href]
    grant = Grant("u", "test", Scope(departments=frozenset({"102"})))
    for word in ("%E6%95%99%E8%82%B2%E5%B1%80", "V2026011010011"):
        found = main(home, f"/search?q={word}", grant)
        assert "没有名称或编号含" in words(found)


def test_the_reconciliation_shows_what_is_open_and_what_was_signed(home: Home) -> None:
    reader = Reader(home, Grant.operator("test"))
    year, month = reconciliation.months(reader)[-1]
    found = reconciliation.statements(reader, year, month)
    text = words(main(home, "/data/recon"))
    assert f"{year}年{month}月调节表" in text
    assert text.count("待说明") >= sum(one.state == "待说明" for one in found)
    assert "本月没有签认的调节。" in text
    assert f"budget-watch reconcile list --period {year}-{month:02} --excel 调节表.xlsx" in text
    assert f"{year}年{month}月末本级" in words(main(home, "/data"))


def test_an_empty_list_says_what_would_stand_there(home: Home) -> None:
    part = Grant("x", "test", scope=Scope(units=frozenset({"109999"})), role="unit_clerk")
    for path, whole, own in (
        ("/lists", "没有正在办理的疑点、意见和抽查。", "在您的范围内，没有正在办理"),
        ("/lists?tab=outcomes", "还没有办结的疑点、意见和抽查。", "在您的范围内，还没有办结"),
        ("/opinions", "还没有意见。", "还没有您写的、交您办理的或向您公开的意见。"),
        ("/opinions?tab=topics", "还没有议题。", "还没有邀请您参加的议题。"),
        ("/livelihood", "还没有登记民生实事。", "您的范围内还没有民生实事。"),
        ("/resolution", "还没有登记决议事项。", "还没有交您办理或向您公开的决议事项。"),
    ):
        assert whole in words(main(home, path)), path
        told = words(main(home, path, part))
        assert own in told and "看得到的" not in told, path
