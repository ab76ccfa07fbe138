"""Commands that keep a home for years: backup, restore."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer, say

if TYPE_CHECKING:
    from budget_watch.lake import Home
    from budget_watch.lake.backup.make import Made
    from budget_watch.lake.backup.manifest import Manifest
    from budget_watch.lake.backup.store import ArchiveStore, FolderStore

SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="备份文件夹（只复制新的），或一个 .tar 文件；缺省为 [backup] to"),
    ] = None,
    spool: Annotated[
        bool, typer.Option("--spool/--no-spool", help="已入库的送达件原文要不要；没有入库的总在")
    ] = True,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="备份后只留最近几份和每月最后一份")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="不备份，重读已有的备份逐一核对")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="不备份，列出已有的备份")] = False,
    as_json: JsonOption = False,
) -> int:
    """备份数据目录：数据、状态、隔离区、收件区、设置。运行和看板不用停。密钥不在备份里。"""
    from budget_watch.lake.backup.make import back_up
    from budget_watch.lake.backup.store import FolderStore, new_store, open_store
    from ingest.spool_backup import spool_files

    here: Context = context.obj
    place = _place(here, to)
    if verify:
        return _verified(open_store(place), as_json)
    if listed:
        return _listed(open_store(place), as_json)
    store = new_store(place)
    if keep is not None and not isinstance(store, FolderStore):
        raise typer.BadParameter("--keep 只用于备份文件夹；.tar 文件每次一份，请自行清理。")
    home = here.existing()
    unwritten = _noted(home, "home.backup", str(place), {"spool": spool})
    made = back_up(home, store, spool_files, spool, _teller(as_json))
    freed = _kept(store, keep) if isinstance(store, FolderStore) and keep is not None else None
    return _told(here, made, store, freed, unwritten, as_json)


def _noted(home: Home, act: str, place: str, details: dict[str, Any]) -> str:
    """Write the act into the audit log; what a full disk or a lost key has to say, else ``.

    A home that cannot be written any more is the one that most needs a backup.
    """
    import getpass

    from sqlalchemy.exc import SQLAlchemyError

    from budget_watch.audit import AuditError, Note, Who
    from budget_watch.casework.auditing import noted

    try:
        noted(home, Note(Who(getpass.getuser()), act, "home", place, details))
    except (AuditError, SQLAlchemyError, OSError) as error:
        return f"没有记入审计日志：{error}"
    return ""


def _told(
    here: Context,
    made: Made,
    store: FolderStore | ArchiveStore,
    freed: tuple[int, int] | None,
    unwritten: str,
    as_json: bool,
) -> int:
    manifest = made.manifest
    printer = Printer(as_json, {})
    if unwritten:
        printer.note(unwritten)
    for path in manifest.missing[:SHOWN]:
        printer.note(f"数据目录里的 {path} 缺失或已损坏，备份里没有它；请从以前的备份恢复。")
    damaged = list(getattr(store, "damaged", ()))
    for text in damaged:
        printer.note(text)
    for path, why in manifest.left_out.items():
        printer.note(f"没有备份 {path}：{why}。")
    if manifest.keys:
        names = "、".join(f"{name}（指纹 {mark}）" for name, mark in manifest.keys.items())
        printer.note(
            f"密钥不在备份里：{here.root} 中的 {names}。请把它们另行抄录到离线介质，"
            "由另一个人保管，不要与备份放在一处；恢复时用 --keys 给出。"
            "丢了 keys/person.key，以后送来的证件号码就与以前的对不上；"
            "丢了 audit/key，审计日志不能再核对，也不能再写。"
        )
    if freed is not None:
        printer.note(f"清理了 {freed[0]} 份旧备份，腾出 {in_bytes(freed[1])}。")
    printer.close(
        {
            "backup": manifest.number,
            "to": str(made.path),
            "made_at": manifest.made_at,
            "snapshot": manifest.snapshot,
            "biz_date": manifest.biz_date,
            "files": len(manifest.files),
            "bytes": manifest.size,
            "new_files": made.new_files,
            "new_bytes": made.new_bytes,
            "spool": manifest.spool,
            "keys": dict(manifest.keys),
            "left_out": dict(manifest.left_out),
            "missing": list(manifest.missing),
            "damaged": damaged,
        },
        f"备份 {manifest.name} 写在 {made.path}：{len(manifest.files):,} 个文件，"
        f"{in_bytes(manifest.size)}，其中新写 {made.new_files:,} 个、{in_bytes(made.new_bytes)}；"
        f"数据到业务日 {manifest.biz_date or '（还没有）'}。",
    )
    return LOOK if manifest.missing or damaged or unwritten else DONE


def _verified(store: FolderStore | ArchiveStore, as_json: bool) -> int:
    from budget_watch.lake.backup.verify import damage
    from budget_watch.lake.errors import BackupError

    printer = Printer(as_json, {"path": "文件", "wrong": "问题"})
    manifests: list[Manifest] = []
    found = 0
    for number in store.numbers():
        try:
            manifests.append(store.manifest(number))
        except BackupError as error:
            found += 1
            printer.record({"path": f"备份 {number} 的清单", "wrong": str(error)})
    for entry, wrong in damage(store, manifests):
        found += 1
        printer.record({"path": entry.path, "wrong": wrong, "sha256": entry.sha256})
    files = len({entry.sha256 for one in manifests for entry in one.files})
    printer.close(
        {"backups": len(manifests), "contents": files, "damaged": found},
        f"重读了 {len(manifests)} 份备份的 {files:,} 份内容，"
        + (f"损坏 {found} 处。请换用另一份介质，并重新备份。" if found else "全部完好。"),
    )
    return LOOK if found else DONE


def _listed(store: FolderStore | ArchiveStore, as_json: bool) -> int:
    columns = {
        "backup": "备份", "made_at": "时间", "biz_date": "业务日", "files": "文件", "bytes": "字节",
        "spool": "收件区", "missing": "缺失",
    }  # fmt: skip
    printer = Printer(as_json, columns)
    manifests = [store.manifest(number) for number in store.numbers()]
    for one in manifests:
        printer.record(
            {
                "backup": one.number,
                "made_at": _time(one.made_at) if not as_json else one.made_at,
                "biz_date": one.biz_date,
                "snapshot": one.snapshot,
                "files": len(one.files),
                "bytes": one.size,
                "spool": one.spool if as_json else _SPOOL[one.spool],
                "missing": len(one.missing),
            }
        )
    printer.close({"backups": len(manifests)}, f"{store.path} 里有 {len(manifests)} 份备份。")
    return DONE


_SPOOL = {"whole": "全部", "waiting": "只有没入库的"}


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FROM", help="备份文件夹或 .tar 文件")],
    home: Annotated[
        Path | None, typer.Option("--home", help="恢复到哪里：新的或空的文件夹")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="哪一份：编号，或日期（那天以前最近的一份）；缺省最新"),
    ] = None,
    keys: Annotated[Path | None, typer.Option("--keys", help="另行保管密钥的文件夹")] = None,
    without_keys: Annotated[
        bool,
        typer.Option("--without-keys", help="没有密钥也恢复：只能看，不能再收含证件号码的数据"),
    ] = False,
    state: Annotated[
        str | None, typer.Option("--state", help="状态放在哪里：sqlite，或空数据库的地址")
    ] = None,
    spool: Annotated[
        Path | None,
        typer.Option("--spool", help="原来的 spool 文件夹还在的，一并用它：备份以后的送达都补上"),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """从备份恢复到一个新的数据目录；每个字节都核对过才看得见。"""
    from budget_watch.lake import Home
    from budget_watch.lake.backup import keys as home_keys
    from budget_watch.lake.backup.restore import restore as put_back
    from budget_watch.lake.backup.store import open_store
    from ingest.spool_backup import join_survivor

    here: Context = context.obj
    target = Home(home) if home is not None else here.home
    store = open_store(source)
    manifest = _chosen(store, at)
    if manifest.keys and keys is None and not without_keys:
        names = "、".join(f"{name}（指纹 {mark}）" for name, mark in manifest.keys.items())
        raise typer.BadParameter(
            f"备份里没有密钥 {names}。请用 --keys 给出另行保管它的文件夹；"
            "找不到的，写 --without-keys：以前的数据都在，但含证件号码的报表不能再入库。"
        )
    found = home_keys.given(keys, manifest.keys)

    unwritten: list[str] = []

    def settle(half: Home) -> None:
        if spool is not None:
            join_survivor(half, spool.expanduser().absolute())
        if found or not manifest.keys:
            details = {"backup": manifest.number, "of": manifest.home, "made_at": manifest.made_at}
            about = {name: str(value) for name, value in details.items()}
            unwritten.append(_noted(half, "home.restore", str(target.root), about))

    put_back(store, manifest, target, found, state, settle, _teller(as_json))
    keyless = bool(manifest.keys) and not found
    return _restored(target.root, manifest, keyless, "".join(unwritten), as_json)


def _restored(root: Path, manifest: Manifest, keyless: bool, unwritten: str, as_json: bool) -> int:
    printer = Printer(as_json, {})
    if unwritten:
        printer.note(unwritten)
    for path in manifest.missing[:SHOWN]:
        printer.note(
            f"{path} 在备份时就缺失或已损坏，恢复出来的也没有；用 --at 看更早的备份有没有。"
        )
    for path, why in manifest.left_out.items():
        printer.note(f"备份里没有 {path}（{why}）；要用的话请另行放回。")
    if keyless:
        printer.note("没有放回密钥：放回以前，含证件号码的报表不能入库，审计日志不能写。")
    printer.close(
        {
            "home": str(root),
            "backup": manifest.number,
            "made_at": manifest.made_at,
            "snapshot": manifest.snapshot,
            "biz_date": manifest.biz_date,
            "files": len(manifest.files),
            "bytes": manifest.size,
            "missing": list(manifest.missing),
            "left_out": dict(manifest.left_out),
        },
        f"备份 {manifest.name} 已恢复到 {root}：{len(manifest.files):,} 个文件，"
        f"{in_bytes(manifest.size)}，数据到业务日 {manifest.biz_date or '（还没有）'}。"
        "收件区里这以后的送达，下一次 ingest 会补上。",
    )
    return LOOK if manifest.missing or keyless or unwritten else DONE


def _chosen(store: FolderStore | ArchiveStore, at: str | None) -> Manifest:
    from datetime import date

    from budget_watch.lake.errors import BackupError
    from budget_watch.lake.snapshot import CHINA

    numbers = store.numbers()
    if not numbers:
        raise BackupError(f"{store.path} 里还没有写完的备份。")
    if at is None:
        return store.manifest(numbers[-1])
    if at.isdigit() and int(at) in numbers:
        return store.manifest(int(at))
    try:
        day = date.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter(
            f"--at 没有“{at}”这份备份；budget-watch backup --list 列出全部。"
        ) from None
    fitting = [
        one for one in map(store.manifest, numbers) if one.made_at.astimezone(CHINA).date() <= day
    ]
    if not fitting:
        raise typer.BadParameter(f"{day} 以前没有备份；budget-watch backup --list 列出全部。")
    return fitting[-1]


def _kept(store: FolderStore, keep: int) -> tuple[int, int]:
    """Forget old backups: the newest stay, and the last of each month."""
    from budget_watch.lake.snapshot import CHINA

    found, _ = store.readable()
    last_of_month = {f"{one.made_at.astimezone(CHINA):%Y-%m}": one.number for one in found}
    stay = {one.number for one in found[-keep:]} | set(last_of_month.values())
    gone = {one.number for one in found} - stay
    return len(gone), store.forget(gone)


def _place(here: Context, to: Path | None) -> Path:
    if to is None:
        told = here.settings.get("backup", {}).get("to")
        if not isinstance(told, str):
            raise typer.BadParameter(
                '没有说备份到哪里。请写 --to 文件夹，或在 budget_watch.toml 写 [backup] to = "…"。'
            )
        to = here.root / Path(told)
    return to.expanduser().absolute()


def _teller(as_json: bool) -> Any:
    return (lambda text: None) if as_json else (lambda text: say.print(f"{text}……", markup=False))


def in_bytes(count: int) -> str:
    """A size for people."""
    size = float(count)
    for unit in ("字节", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit == "字节" else f"{size:,.1f} {unit}"
        size /= 1024
    return ""


def _time(moment: datetime) -> str:
    from budget_watch.lake.snapshot import CHINA

    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
