"""Mail by SMTP (RFC 5321): one connection for the messages of a round, encrypted as is set.

The Message-ID is the message's own id, so that a message sent again after a break is known to be
the same one.
"""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime, parseaddr

from budget_watch.lake import Home
from budget_watch.notices.gathering import Fault, Outgoing
from budget_watch.notices.settings import NoticeError, Smtp, secret, tls


class Post:
    """A mail server to which messages are given; use as a context manager."""

    def __init__(self, home: Home, settings: Smtp) -> None:
        self._settings = settings
        self._password = _password(home, settings)
        self._tls = None if settings.security == "none" else tls(home, settings.ca_file)
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, out: Outgoing) -> Fault | None:
        """Give one message to the server; None once it has taken it."""
        try:
            self._open().send_message(written(out, self._settings.sender))
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            return _refused(out, error) or Fault(self._away(error), away=True)
        return None

    def _away(self, error: OSError | smtplib.SMTPException) -> str:
        """Why no message can be sent now, whichever it is."""
        if isinstance(error, smtplib.SMTPAuthenticationError):
            told = _words(error.smtp_code, error.smtp_error)
            return f"邮件服务器不认账号或密码：{told}；请核对 [notices.smtp] 的 user 和密码"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return f"邮件服务器不支持所设的方式（{error}）；请核对 [notices.smtp] 的 security"
        if isinstance(error, ssl.SSLError):
            why = "证书不被信任或不符" if "CERTIFICATE" in str(error) else "加密连接没有建立"
            return f"邮件服务器 {self._place}：{why}（{error}）；请核对 security、ca_file"
        return f"邮件服务器 {self._place} 连不上或中断：{error}"

    @property
    def _place(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _open(self) -> smtplib.SMTP:
        if self._server is not None:
            return self._server
        found, place = self._settings, (self._settings.host, self._settings.port)
        if found.security == "tls":
            self._server = smtplib.SMTP_SSL(*place, timeout=found.seconds, context=self._tls)
        else:
            self._server = smtplib.SMTP(*place, timeout=found.seconds)
        if found.security == "starttls":
            self._server.starttls(context=self._tls)
        if found.user is not None:
            self._server.login(found.user, self._password)
        return self._server

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()


def written(out: Outgoing, sender: str) -> EmailMessage:
    """The message as it goes over the wire; the same bytes however often it is tried."""
    made = EmailMessage(policy=POLICY)
    _, plain = parseaddr(sender)
    made["From"], made["To"], made["Subject"] = sender, out.address, out.title
    made["Date"] = format_datetime(datetime.fromisoformat(out.made_at))
    made["Message-ID"] = f"<{out.id}@{plain.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine replies
    made.set_content(out.body)
    return made


def _refused(out: Outgoing, error: OSError | smtplib.SMTPException) -> Fault | None:
    """Why this one message was not taken; None where it was not for the message's sake."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return Fault(f"邮件服务器不收 {out.address}：{_words(code, said)}", for_good=code >= 500)
    if isinstance(error, smtplib.SMTPDataError):
        told = _words(error.smtp_code, error.smtp_error)
        return Fault(f"邮件服务器没有收下：{told}", for_good=error.smtp_code >= 500)
    return None


def _password(home: Home, settings: Smtp) -> str:
    if settings.user is None:
        return ""
    said = secret(home, "邮件服务器", settings.password_env, settings.password_file)
    if said is None:
        raise NoticeError("[notices.smtp] 写了 user，还要写 password_env 或 password_file。")
    return said


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"
