"""Commands on the books: rules, tables, laws."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from budget_watch.cli.context import Context, JsonOption, one_of, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.engine import Book
    from budget_watch.engine.check import CheckedRule
    from budget_watch.engine.compare import RuleDifference, Tally

rules_app = typer.Typer(no_args_is_help=True)
tables_app = typer.Typer(no_args_is_help=True)
laws_app = typer.Typer(no_args_is_help=True)


@tables_app.command("list")
def tables_list(as_json: JsonOption = False) -> int:
    """列出报表契约。"""
    from budget_watch.tables import contracts

    printer = Printer(
        as_json,
        {
            "code": "代码",
            "title": "名称",
            "department": "送数部门",
            "kind": "种类",
            "due": "时限",
            "columns": "列数",
        },
    )
    found = list(contracts().values())
    printer.records(
        {
            "code": item.code,
            "name": item.name,
            "title": item.title,
            "department": item.delivering_dept,
            "kind": item.kind,
            "due": "、".join(item.due),
            "columns": len(item.columns),
        }
        for item in found
    )
    printer.close({"tables": len(found)}, f"共 {len(found)} 张（含 3 张参照表）。")
    return DONE


@tables_app.command("show")
def tables_show(
    code: Annotated[str, typer.Argument(help="FIN-15、英文名，或主题表如 payment")],
    as_json: JsonOption = False,
) -> int:
    """查看一张报表或主题表的列、类型、单位、校验。"""
    from budget_watch.lake.marts import MARTS
    from budget_watch.tables import contract
    from budget_watch.tables.wording import CODE_TITLES

    item = MARTS[code].contract if code in MARTS else contract(code, MARTS)
    printer = Printer(
        as_json,
        {
            "name": "列名",
            "title": "名称",
            "type": "类型",
            "unit": "单位",
            "required": "必填",
            "codes": "代码表",
        },
        title=f"{item.name if code in MARTS else item.code} {item.title}",
    )
    for column in item.columns:
        record = column.model_dump(mode="json")
        if not as_json:
            record["codes"] = "、".join(CODE_TITLES[each] for each in column.codes)
        printer.record(record)
    about = item.model_dump(mode="json", exclude={"columns"})
    due = "随数据快照生成" if code in MARTS else f"时限 {'、'.join(item.due)}"
    printer.close(about, f"主键 {'、'.join(item.key)}；{due}；{item.sensitivity}。")
    return DONE


@tables_app.command("doc")
def tables_doc(
    out: Annotated[Path, typer.Option(help="输出文件夹")] = Path("docs/tables"),
    as_json: JsonOption = False,
) -> int:
    """生成字典页：报表，和由报表生成的主题表（在 marts/ 中）。"""
    from budget_watch.lake import mart_pages
    from budget_watch.tables.dictionary import write_all

    files = write_all(out) + mart_pages.write_all(out / "marts")
    Printer(as_json, {}).close({"files": len(files)}, f"已生成 {len(files)} 页，在 {out}。")
    return DONE


@tables_app.command("template")
def tables_template(
    codes: Annotated[list[str] | None, typer.Argument(help="报表代码，缺省全部")] = None,
    out: Annotated[Path, typer.Option(help="输出文件夹")] = Path("templates"),
    as_json: JsonOption = False,
) -> int:
    """生成交给部门填报的空白 Excel 模板。"""
    from budget_watch.tables import contract, contracts
    from budget_watch.tables.template import write

    out.mkdir(parents=True, exist_ok=True)
    chosen = [contract(code) for code in codes] if codes else list(contracts().values())
    printer = Printer(as_json, {"file": "文件"})
    for item in chosen:
        path = out / f"{item.code}_{item.title}.xlsx"
        write(item, path)
        printer.record({"table": item.code, "file": str(path)})
    printer.close({"files": len(chosen)}, f"已生成 {len(chosen)} 个模板。")
    return DONE


@rules_app.command("list")
def rules_list(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出规则。"""
    from budget_watch.casework.load import CALIBRATE
    from budget_watch.casework.runs import to_calibrate
    from budget_watch.engine.authority import STATUSES
    from budget_watch.engine.model import AREAS

    here: Context = context.obj
    printer = Printer(
        as_json,
        {
            "rule": "规则",
            "title": "名称",
            "area": "领域",
            "class": "类",
            "authority": "依据效力",
            "confidence": "信度",
            "status": "状态",
            "load": "负荷",
        },
    )
    book = here.book()
    rules = book.rules
    marked = to_calibrate(here.home)
    for rule in rules.values():
        mark, declared = CALIBRATE if rule.id in marked else "", rule.rule.load
        said = f"每月每百个 {declared.hits_per_month_per_100:g}" if declared else "—"
        printer.record(
            {
                "rule": rule.id,
                "title": rule.title,
                "area": rule.area if as_json else AREAS[rule.area],
                "class": rule.klass,
                "authority": _authority(rule, book, as_json),
                "confidence": rule.confidence,
                "status": rule.status if as_json else STATUSES[rule.status],
                "load": mark if as_json else mark or said,
            }
        )
    missing = [str(each) for each in book.mistakes]
    words = "".join(f"\n没有读入：{each}" for each in missing)
    printer.close({"rules": len(rules), "not_loaded": missing}, f"共 {len(rules)} 条规则。{words}")
    return LOOK if missing else DONE


@rules_app.command("show")
def rules_show(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="规则编号，如 ZX06")],
    as_json: JsonOption = False,
) -> int:
    """查看一条规则：方法、级别、依据、参数、不适用情形、示例、测试。"""
    from budget_watch.engine.doc import page
    from budget_watch.engine.load import known_rules

    here: Context = context.obj
    book = here.book()
    known_rules(book, [rule])
    if rule in book.broken:
        raise book.broken[rule]
    found = book.rules[rule]
    record = found.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    Printer(as_json, {}).close({**record, "file": str(book.files[rule])}, page(book, found))
    return DONE


@rules_app.command("exemptions")
def rules_exemptions(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出例外情形登记，和最近一次运行中各自用了几次。"""
    from budget_watch.casework.exemptions import register

    here: Context = context.obj
    found = register(here.home, here.book())
    printer = Printer(
        as_json,
        {
            "exemption": "编号",
            "rule": "规则",
            "from": "自",
            "to": "至",
            "basis": "依据",
            "reason": "理由",
            "used": "用了几次",
            "state": "状态",
        },
    )
    printer.records(found)
    printer.close({"exemptions": len(found)}, f"共登记 {len(found)} 条例外情形。")
    return DONE


def _authority(rule: CheckedRule, book: Book, as_json: bool) -> str | None:
    """The highest authority of what a rule cites; in words for people."""
    from budget_watch.engine.laws import AUTHORITIES, highest_authority

    found = highest_authority(rule.citations, book.laws)
    return found if as_json or found is None else AUTHORITIES[found]


@rules_app.command("check")
def rules_check(context: typer.Context, as_json: JsonOption = False) -> int:
    """检查规则库的写法；列出本地改动了产品的哪些参数、词表、代码组。"""
    from budget_watch.casework.checking import law_texts
    from budget_watch.engine.lint import lint

    here: Context = context.obj
    book = here.book()
    found = lint(book, law_texts(here.root, book.laws), date.today())
    printer = Printer(
        as_json,
        {"code": "代码", "file": "文件", "message": "说明", "page": "说明页"},
    )
    for item in found:
        record = item.record()
        if not as_json:
            record["file"] = f"{item.file}:{item.line}"
        printer.record(record)
    words = [f"发现 {len(found)} 处。" if found else "没有发现问题。"]
    words += [f"本地改动 {len(book.local)} 处："] if book.local else []
    words += [f"  {each.sentence}\n    {each.file}:{each.line}" for each in book.local]
    local = [each.record() for each in book.local]
    printer.close({"findings": len(found), "local": local}, "\n".join(words))
    return LOOK if found else DONE


@rules_app.command("test")
def rules_test(
    context: typer.Context,
    rules: Annotated[list[str] | None, typer.Argument(help="规则编号，缺省全部")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="另列出没有测到的级别、边界等")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """运行规则自带的测试。"""
    from budget_watch.engine.testing import run_tests

    here: Context = context.obj
    result = run_tests(here.book(), rules or None, coverage=coverage)
    printer = Printer(
        as_json, {"rule": "规则", "case": "测试", "passed": "通过", "message": "说明"}
    )
    printer.records(
        item
        for item in result.records
        if as_json or (not item["passed"] and item["kind"] != "reached")
    )
    printer.close(
        result.summary,
        f"{result.summary['rules']} 条规则，{result.summary['cases']} 个测试，"
        f"失败 {result.summary['failed']}，未测到 {result.summary['uncovered']}"
        + (f"，覆盖 {result.summary['coverage']}%。" if coverage else "。"),
    )
    return LOOK if result.summary["failed"] or result.summary["uncovered"] else DONE


@rules_app.command("mutate")
def rules_mutate(
    context: typer.Context,
    rules: Annotated[list[str] | None, typer.Argument(help="规则编号，缺省全部")] = None,
    processes: Annotated[int | None, typer.Option(help="同时运行几个进程，缺省等于核数")] = None,
    as_json: JsonOption = False,
) -> int:
    """把规则改错一处，看它自己的测试能否发现；没有发现的列出来。"""
    from budget_watch.engine.mutate.run import MutationRun, mutate

    here: Context = context.obj
    printer = Printer(
        as_json,
        {"rule": "规则", "line": "行", "name": "没有测试发现的改错（写进 survivors 的 mutant）"},
    )
    result = MutationRun([])
    for score in mutate(here.book().folders, rules or None, processes):
        result.scores.append(score)
        printer.records(
            each
            for each in score.records()
            if as_json or each["kind"] in ("survivor", "stale", "problem")
        )
    found = result.summary
    printer.close(
        found,
        f"{found['rules']} 条规则，改错 {found['mutants']} 处，测试发现 {found['killed']} 处，"
        f"已说明 {found['excused']} 处，没有发现 {found['survivors']} 处，"
        f"多余的说明 {found['stale']} 处。",
    )
    return LOOK if result.failed else DONE


@rules_app.command("diff")
def rules_diff(
    context: typer.Context,
    folders: Annotated[
        list[Path] | None, typer.Argument(help="两个规则文件夹；不写则用现在的规则库")
    ] = None,
    said: Annotated[
        list[str] | None, typer.Option("--set", help="后一个规则库的参数，如 a.b=15%，可重复")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(help="只比这些规则，可重复")] = None,
    as_of: Annotated[str | None, typer.Option(help="判断到哪一天，缺省为数据快照的业务日")] = None,
    as_json: JsonOption = False,
) -> int:
    """比较两个规则库（或改动参数前后）在最新数据上的命中：新增、消失、变级别。不记入疑点。"""
    from budget_watch.casework.experiments import differ

    if folders and len(folders) != 2:
        raise typer.BadParameter("要写两个规则文件夹，或者一个也不写（用 --set）。")
    if not folders and not said:
        raise typer.BadParameter("要写两个规则文件夹，或用 --set 参数=值 说改动什么。")
    here: Context = context.obj
    here.existing()
    printer = Printer(
        as_json,
        {
            "rule": "规则",
            "title": "名称",
            "before": "原命中",
            "after": "现命中",
            "appear": "新增",
            "vanish": "消失",
            "change": "变级别",
            "units": "新增和消失涉及单位",
        },
    )
    found = list(differ(here.root, folders or (), said or (), parse_day(as_of), rule))
    changed = [each for each in found if each.differs]
    for each in changed:
        printer.record(each.record() if as_json else _difference(each))
    sums = {
        "rules": len(found),
        "differ": len(changed),
        "appear": sum(each.appear.hits for each in found),
        "vanish": sum(each.vanish.hits for each in found),
        "change": sum(each.change.hits for each in found),
    }
    printer.close(
        sums,
        f"比较 {sums['rules']} 条规则，{sums['differ']} 条不同：新增 {sums['appear']}，"
        f"消失 {sums['vanish']}，变级别 {sums['change']}。",
    )
    return DONE


def _difference(each: RuleDifference) -> dict[str, object]:
    """A difference in a row for people: counts, and money in words."""
    return {
        "rule": each.rule,
        "title": each.title,
        "before": each.before.hits,
        "after": each.after.hits,
        "appear": _counted(each.appear),
        "vanish": _counted(each.vanish),
        "change": "、".join(_turns(each)) or "0",
        "units": each.appear.units + each.vanish.units,
    }


def _turns(each: RuleDifference) -> Iterator[str]:
    from budget_watch.cli.judging import LEVEL_WORDS

    for key, count in each.levels.items():
        yield f"{'→'.join(LEVEL_WORDS[level] for level in key.split('→'))} {count}"


def _counted(found: Tally) -> str:
    from budget_watch.money import sentence_amount

    money = ""
    if found.hits and found.amount is not None:
        money = f"（{sentence_amount(found.amount)}）"
    return f"{found.hits}{money}"


@rules_app.command("backtest")
def rules_backtest(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="自哪一天，如 2025-01-01")],
    until: Annotated[str, typer.Option("--to", help="至哪一天")],
    rules: Annotated[list[str] | None, typer.Argument(help="规则编号，缺省全部")] = None,
    every: Annotated[str, typer.Option(help="month 每月末、quarter 每季末、year 每年末")] = "month",
    said: Annotated[
        list[str] | None, typer.Option("--set", help="另试一个参数，如 a.b=15%，可重复，各算各的")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """回测：规则在过去各期末会命中多少、多少单位、多少金额；改动参数增减多少。不记入疑点。"""
    from budget_watch.casework.experiments import MONTHS, backtest

    here: Context = context.obj
    here.existing()
    chosen = one_of("--every", every, dict.fromkeys(MONTHS, ""))
    first, last = parse_day(since), parse_day(until)
    if first is None or last is None or chosen not in MONTHS:
        raise typer.BadParameter("要写 --from、--to。")
    printer = Printer(
        as_json,
        {
            "rule": "规则",
            "title": "名称",
            "days": "期数",
            "findings": "疑点",
            "units": "涉及单位",
            "sets": "改动参数",
        },
    )
    count = errors = 0
    for record in backtest(here.root, first, last, chosen, said or (), rules):
        errors += int(record.get("error", 0))
        count += record["kind"] == "rule"
        if as_json or record["kind"] == "rule":
            printer.record(record if as_json else {**record, "sets": _moves(record["sets"])})
    printer.close(
        {"rules": count, "error": errors},
        f"回测 {count} 条规则，出错 {errors}；结果已存入 {here.root / 'backtests'}，没有改动疑点。",
    )
    return LOOK if errors else DONE


def _moves(sets: list[dict[str, object]]) -> str:
    return "；".join(
        f"{each['set']}：增 {each['added']}、减 {each['removed']}、变级别 {each['changed']}"
        for each in sets
    )


@rules_app.command("doc")
def rules_doc(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="输出文件夹")] = Path("docs/rules"),
    as_json: JsonOption = False,
) -> int:
    """每条规则生成一页说明。"""
    from budget_watch.engine.doc import write_all

    here: Context = context.obj
    book = here.book()
    files = write_all(book, out)
    words = f"已生成 {len(files)} 页（{len(book.rules)} 条规则各一页，另有目录），在 {out}。"
    Printer(as_json, {}).close({"files": len(files), "rules": len(book.rules)}, words)
    return DONE


@laws_app.command("load")
def laws_load(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="法规文本文件夹，每条一段")],
    as_json: JsonOption = False,
) -> int:
    """载入法规文本，供疑点页显示原文、供规则检查核对条号。"""
    import shutil

    from budget_watch.casework.checking import LAWS
    from budget_watch.engine.laws import read_dir

    here: Context = context.obj
    printer = Printer(
        as_json, {"law": "法规", "file": "文件", "articles": "条数", "reason": "说明"}
    )
    loaded = unknown = 0
    for item in read_dir(folder, here.book().laws):
        printer.record(item.record())
        if item.law is None:
            unknown += 1
            continue
        target = here.root / LAWS
        target.mkdir(parents=True, exist_ok=True)
        half = target / f".{item.path.name}.half"
        shutil.copyfile(item.path, half)
        half.replace(target / item.path.name)
        loaded += 1
    printer.close(
        {"loaded": loaded, "unknown": unknown}, f"载入 {loaded} 部，未识别 {unknown} 个文件。"
    )
    return LOOK if unknown else DONE


@laws_app.command("list")
def laws_list(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出登记的法规，以及哪些已载入原文。"""
    from budget_watch.casework.checking import law_texts
    from budget_watch.engine.laws import AUTHORITIES

    here: Context = context.obj
    texts = law_texts(here.root)
    printer = Printer(
        as_json,
        {
            "law": "编号",
            "title": "名称",
            "version": "版本",
            "authority": "效力",
            "articles": "已载入条数",
        },
    )
    laws = here.book().laws
    printer.records(
        {
            "law": law.id,
            "title": law.title,
            "version": law.version,
            "authority": law.authority if as_json else AUTHORITIES[law.authority],
            "articles": len(texts.get(law.id, {})),
        }
        for law in laws.values()
    )
    printer.close(
        {"laws": len(laws), "loaded": len(texts)}, f"登记 {len(laws)} 部，已载入 {len(texts)} 部。"
    )
    return DONE


@laws_app.command("show")
def laws_show(
    context: typer.Context,
    law: Annotated[str, typer.Argument(help="法规编号，如 budget-law")],
    article: Annotated[str, typer.Argument(help="条号，如 13、22-1 或 第十三条")],
    as_json: JsonOption = False,
) -> int:
    """显示一条原文。"""
    from budget_watch.casework.checking import law_texts
    from budget_watch.engine.laws import article_name, article_number

    here: Context = context.obj
    article = article_number(article)
    registered = here.book().laws
    if law not in registered:
        raise typer.BadParameter(f"没有登记编号为 {law} 的法规。请用 budget-watch laws list 查看。")
    articles = law_texts(here.root).get(law, {})
    text = articles.get(article)
    sentence = text or (
        f"已载入的文本有 {len(articles)} 条，没有这一条。请核对条号，或重新载入完整的文本。"
        if articles
        else "这部法规的原文没有载入。请用 budget-watch laws load 载入法规文本。"
    )
    Printer(as_json, {}).close(
        {"law": law, "title": registered[law].title, "article": article, "text": text},
        f"《{registered[law].title}》{article_name(article)}\n{sentence}",
    )
    return DONE if text else LOOK
