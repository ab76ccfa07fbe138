"""Says in Chinese what a database refused, and whether to ask again is worth it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.source import SourceFault


class Lost(SourceFault):
    """The connection broke or the server is just not there: worth another try."""


class Denied(SourceFault):
    """The database answered, and will answer the same next time."""


@dataclass(frozen=True)
class _Sign:
    """How an error is known: SQLSTATE, number or words of the driver's message."""

    pattern: re.Pattern[str]
    again: bool
    said: str


def _sign(pattern: str, said: str, again: bool = False) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), again, said)


# The first that fits. `{what}` is the table, `{told}` what the database said.
_SIGNS = (
    _sign(
        r"28P01|28000|password authentication failed|认证失败|\(1045,|ORA-01017|CODE:-2501"
        r"|no password supplied|fe_sendauth|用户名或密码错误",
        "用户名或密码不对；请核对 url 里的用户和密码的环境变量（文件）",
    ),
    _sign(
        r"could not translate host|Name or service not known|nodename nor servname|getaddrinfo"
        r"|failed to resolve host|ORA-12154|DPY-4026|No address associated",
        "找不到主机；请核对 url 里的主机名和本机的域名解析",
        again=True,
    ),
    _sign(
        r"Connection refused|\(2003,|could not connect|DPY-6005|ORA-12541|CODE:-70028"
        r"|No route to host"
        r"|timeout expired",
        "连不上：主机没有在这个端口应答；请核对 url 的主机和端口、数据库是否开着、防火墙是否放行",
        again=True,
    ),
    _sign(
        r"3D000|database \S+ does not exist|\(1049,|ORA-12514|DPY-6001|unable to open database"
        r"|数据库 \S+ 不存在",
        "没有这个库；请核对 url 最后的库名",
    ),
    _sign(r"file is not a database|database disk image is malformed", "文件不是完好的 SQLite 库"),
    _sign(
        r"42P01|UndefinedTable|\(1146,|ORA-00942|CODE:-2106|CODE:-2103|no such table",
        "没有 {what}，或者读数账号看不见它；请核对 from、schema（大小写也算）和授权",
    ),
    _sign(
        r"42703|UndefinedColumn|\(1054,|ORA-00904|CODE:-2111|CODE:-2207|no such column",
        "{what} 没有设置里写的列（{told}）；请核对 since、business_date、columns 和 where",
    ),
    _sign(
        r"42501|InsufficientPrivilege|\(1142,|\(1143,|\(1044,|ORA-01031|CODE:-55\d\d"
        r"|permission denied|没有.{0,40}权限",
        "读数账号没有读 {what} 的权限；请按 docs/sources/database.md 授予 SELECT",
    ),
    _sign(
        r"57014|QueryCanceled|\(3024,|\(1969,|DPY-4024|ORA-01013|statement timeout"
        r"|interrupted|执行超时",
        "读 {what} 超过时限；请给 since 的列建索引，或调大 statement_minutes",
    ),
    _sign(r"55P03|LockNotAvailable|is locked|\(1205,", "{what} 被锁住；稍后再试", again=True),
    _sign(
        r"57P0[123]|\b08\d\d\d\b|53300|40001|40P01|server closed the connection"
        r"|SSL SYSCALL|SSL connection"
        r"|connection (?:was |is |has been )?(?:closed|reset|lost|broken)"
        r"|terminating connection|\(2006,"
        r"|\(2013,|\(1927,|Lost connection|gone away|ORA-0311[34]|DPY-4011|DPY-1001|EOF detected"
        r"|no connection to the server|Broken pipe|not been terminated properly|CODE:-6010"
        r"|the database system is|too many (?:connections|clients)|InterfaceError|\(1053,|\(1317,"
        r"|could not receive data|unexpected(?:ly)? (?:eof|closed)|网络通信异常",
        "读 {what} 时连接断了",
        again=True,
    ),
    _sign(
        r"42601|SyntaxError|\(1064,|ORA-009\d\d|CODE:-2007|syntax error",
        "SQL 写错了（{told}）；请核对 query、where",
    ),
)  # fmt: skip
_NOISE = re.compile(
    r"^(?:INVALID_STATE|IO|NOT_FOUND|INTERNAL|CANCELLED|UNAUTHORIZED)?:? ?\[libpq\] ?",
    re.IGNORECASE,
)


def fault(error: BaseException, source: str, shown: str, what: str) -> SourceFault:
    """The driver's error as ours.

    Args:
        source: name of the source. shown: its address without secrets. what: table or query.
    """
    text = f"{_state(error)} {type(error).__name__} {error}"
    told = _told(error)
    for sign in _SIGNS:
        if sign.pattern.search(text):
            said = sign.said.format(what=what, told=told)
            kind = Lost if sign.again else Denied
            return kind(f"数据源“{source}”（{shown}）{said}。数据库答：{told}")
    return Denied(f"数据源“{source}”（{shown}）读 {what} 时出错：{told}")


def missing_driver(source: str, title: str, package: str) -> SourceFault:
    """The driver of a database is not installed."""
    return Denied(f"数据源“{source}”要读 {title}，本机没有它的驱动；请安装 {package} 后重新运行。")


def _state(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return str(getattr(origin, "sqlstate", None) or "")


def _told(error: BaseException) -> str:
    """What the database said, in one line, without the SQL."""
    origin = getattr(error, "orig", None) or error
    text = _NOISE.sub("", str(origin))
    found = re.search(r"(?:ERROR|FATAL|错误|致命错误|严重错误):\s*([^\n]+)", text)
    line = found.group(1) if found else " ".join(text.split())
    return line.strip()[:200]
