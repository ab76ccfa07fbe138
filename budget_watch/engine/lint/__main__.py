"""The linter by itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from budget_watch.engine.laws import load_dir
from budget_watch.engine.lint import lint
from budget_watch.engine.load import load_book


def main(argv: Sequence[str] | None = None) -> int:
    """Print the flaws. Status 1 if there is one."""
    parser = argparse.ArgumentParser(description="检查规则库的写法")
    parser.add_argument("rules", nargs="*", help="规则编号；缺省为全部")
    parser.add_argument("--book", default="rules", help="规则文件夹")
    parser.add_argument("--laws", default=None, help="法规文本文件夹")
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="判断日")
    args = parser.parse_args(argv)
    book = load_book(Path(args.book), strict=False, only=args.rules or None)
    texts = load_dir(Path(args.laws), book.laws) if args.laws else {}
    found = lint(book, texts, args.today)
    if args.rules:  # what others use looks unused in a part of the book
        found = [each for each in found if not each.code.startswith("unused-")]
    for each in found:
        print(f"{each.file}:{each.line} [{each.code}] {each.message}（{each.page}）")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
