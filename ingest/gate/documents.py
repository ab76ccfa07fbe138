"""Data Docs: Great Expectations' own page of each run, made to stand alone, and a page of all runs.

The library's pages load style sheets, scripts, fonts and pictures from seven public servers. What
stands here is its rendering of the validation result without any of them, in a frame of ours: no
script, no address outside, so that it can be read offline and behind the dashboard's policy.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

PAGES = 120  # newest runs whose page is kept
RESULTS = 800  # newest runs whose result is kept
_LONGEST = 200  # runs on the index

_STYLE = """
body{font:14px/22px "Segoe UI","Noto Sans CJK SC","Source Han Sans SC","PingFang SC",
"Microsoft YaHei","WenQuanYi Micro Hei",sans-serif;color:#1B2430;background:#fff;margin:0;
padding:24px;max-width:1180px;font-variant-numeric:tabular-nums}
h1{font-size:20px;line-height:28px;margin:0 0 8px}
h5,h6{font-size:16px;line-height:24px;margin:16px 0 4px}
table{border-collapse:collapse;margin:8px 0;max-width:100%;display:block;overflow-x:auto}
th,td{border-bottom:1px solid #D5DAE0;padding:4px 12px 4px 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right}a{color:#1F5A8C}.note{color:#5C6774;font-size:12px}
.alert{border-bottom:1px solid #7D8793}
.badge{border:1px solid #7D8793;padding:0 4px;margin-right:4px}
.ok{color:#2B6B57}.wrong{color:#A84300}pre{white-space:pre-wrap}
"""
_WORDS = {
    "Expectation Suite:": "校验套件：",
    "Evaluated Expectations": "要求数",
    "Successful Expectations": "符合",
    "Unsuccessful Expectations": "不符合",
    "Success Percent": "符合率",
    "Observed Value": "实际",
    "Expectation": "要求",
    "Statistics": "统计",
    "Overview": "概览",
    "Status:": "结果：",
    "Status": "结果",
    "Failed": "有不符合",
    "Succeeded": "全部符合",
    "Show more info...": "",
    "Great Expectations Version": "Great Expectations 版本",
    "Search": "",
    "Unexpected Value": "违反行数",
    "Count": "报表数",
    "Info": "信息",
    "Batch Markers": "批次标记",
    "Batch Spec": "批次说明",
    "Run Name": "运行名",
    "Run Time": "运行时间",
    "__none__": "—",
}
_PHRASES = {
    r"(\d+) unexpected values? found\. ≈?[\d.]+% of (\d+) total rows\.": r"\2 张报表中 \1 张不符合",
    r"([\d.]+%) unexpected": r"\1 的报表不符合",
    r"Data asset: None": "",
}
_MARKS = {"fa-check-circle": ("ok", "✓"), "fa-check": ("ok", "✓")}
_MARKS |= {"fa-times": ("wrong", "✕"), "fa-exclamation": ("wrong", "△")}


def write_page(folder: Path, run: str, kept: dict[str, Any], result: Any) -> None:
    """Write the page of one run and renew the index; old pages and results go.

    Args:
        folder: `<home>/gate`.
        kept: the run's result as it is kept (JSON).
        result: the library's validation result.
    """
    docs = folder / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    body = f"<h1>入库校验 {html.escape(run)}</h1>{_tables(kept)}{_own(result)}"
    body += '<p class="note"><a href="index.html">全部运行</a></p>'
    _put(docs / f"{run}.html", _framed(f"入库校验 {run}", body))
    _prune(folder)
    _put(docs / "index.html", _index(folder))


def _own(result: Any) -> str:
    """The library's rendering of a result, without what reaches outside."""
    from great_expectations.render import renderer

    told: Any = renderer
    return stripped(_view().render(told.ValidationResultsPageRenderer().render(result)))


@cache
def _view() -> Any:
    """The library's page view; its templates are compiled once a process."""
    from great_expectations.render import view

    made: Any = view
    return made.DefaultJinjaPageView()


def stripped(page: str) -> str:
    """The sections of a page of the library: no script, frame, picture, style sheet or address."""
    start = page.find('<div class="col-md-10')
    body = page[start:] if start >= 0 else page
    body = body[: body.find("</body>")] if "</body>" in body else body
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    for name in ("script", "style", "footer", "nav", "svg", "iframe", "form", "button"):
        body = re.sub(rf"<{name}\b.*?</{name}>", "", body, flags=re.S | re.I)
    body = re.sub(r"<(?:img|link|meta|input|iframe)\b[^>]*>", "", body, flags=re.I)
    body = re.sub(r"<i\b([^>]*)></i>", _mark, body)
    body = re.sub(r"<a\b[^>]*>|</a>", "", body)
    body = re.sub(
        r"\s(?:href|src|style|id|role|on\w+|data-[\w-]+|aria-[\w-]+)=\"[^\"]*\"", "", body
    )
    body = re.sub(r"\sid=[\w-]+", "", body)
    body = re.sub(r"https?://[^\s<\"']+", "", body)
    for word, ours in _WORDS.items():
        body = re.sub(rf"(>\s*){re.escape(word)}(\s*<)", rf"\g<1>{ours}\g<2>", body)
    for pattern, ours in _PHRASES.items():
        body = re.sub(pattern, ours, body)
    return re.sub(r"\n\s*\n+", "\n", body)


def _mark(found: re.Match[str]) -> str:
    for name, (kind, sign) in _MARKS.items():
        if name in found[1]:
            return f'<span class="{kind}">{sign}</span>'
    return ""


def _tables(kept: dict[str, Any]) -> str:
    """What each table brought, in our words."""
    heads = ("报表", "批次", "送达行", "入库行", "隔离行", "未交代", "提示")
    rows = []
    for one in kept["tables"]:
        told = "；".join(f"{title} {count}" for title, count in one["noticed"].items()) or "—"
        cells = [one["table"], one["batches"], one["rows"], one["stored"], one["quarantined"]]
        rows.append([*cells, one["unaccounted"], told])
    return _table(heads, rows)


def _index(folder: Path) -> str:
    rows = []
    for path in _newest(folder.glob("*.json"))[:_LONGEST]:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            tables = told["tables"]
            page = folder / "docs" / f"{path.stem}.html"
            name = html.escape(path.stem)
            link = f'<a href="{name}.html">{name}</a>' if page.exists() else name
            total = [sum(one[key] for one in tables) for key in ("rows", "stored", "quarantined")]
            word = '<span class="ok">✓ 符合</span>'
            if not told["success"]:
                word = '<span class="wrong">✕ 有不符合</span>'
            rows.append([_Markup(link), len(tables), *total, _Markup(word)])
        except (ValueError, KeyError, TypeError):
            continue  # a result of another version, or half a file of another program
    heads = ("运行", "报表", "送达行", "入库行", "隔离行", "结果")
    body = f"<h1>入库校验记录</h1>{_table(heads, rows)}"
    return _framed("入库校验记录", body)


class _Markup(str):
    """Text that is HTML already."""


def _table(heads: tuple[str, ...], rows: list[list[object]]) -> str:
    def cell(value: object) -> str:
        if isinstance(value, int):
            return f'<td class="n">{value:,}</td>'
        text = value if isinstance(value, _Markup) else html.escape(str(value))
        return f"<td>{text}</td>"

    head = "".join(f"<th>{html.escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(cell(one) for one in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _framed(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )


def _put(path: Path, text: str) -> None:
    half = path.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _newest(paths: Any) -> list[Path]:
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _prune(folder: Path) -> None:
    pages = [path for path in (folder / "docs").glob("*.html") if path.name != "index.html"]
    for path in _newest(pages)[PAGES:]:
        path.unlink()
    for path in _newest(folder.glob("*.json"))[RESULTS:]:
        path.unlink()
