"""Real servers on this machine: mail (aiosmtpd), and a gateway that takes POSTs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

OK = "250 OK"


@dataclass
class MailServer:
    """A mail server; what it took stands in `taken`, in order.

    Attributes:
        answers: what it says to the next messages' DATA, or to RCPT (`rcpt …`), before it says OK.
        kill_at: at this command (EHLO, MAIL, RCPT, DATA) the client in `victim` is killed; at DATA
            after the message was taken and before that is said.
        seconds: how long it thinks about each message.
    """

    tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    answers: list[str] = field(default_factory=list)
    kill_at: str = ""
    victim: int = 0
    seconds: float = 0
    taken: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> MailServer:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        made = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        self._server, self.port = made, made.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> Any:
        def talk() -> SMTP:
            more: dict[str, Any] = {}
            if self.login is not None:
                more = {"authenticator": self._authenticated, "auth_required": True}
                more["auth_require_tls"] = self.starttls is not None
            return SMTP(
                self,
                loop=self._loop,
                hostname="test",
                tls_context=self.starttls,
                require_starttls=self.starttls is not None,
                **more,
            )

        return await self._loop.create_server(talk, "127.0.0.1", 0, ssl=self.tls)

    def _authenticated(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        session.host_name = name
        self._kill("EHLO")
        return answers

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._kill("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return OK

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._kill("RCPT")
        if self.answers and self.answers[0].startswith("rcpt "):
            return self.answers.pop(0).removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        await asyncio.sleep(self.seconds)
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self._kill("DATA")
        return OK

    def _kill(self, at: str) -> None:
        if self.kill_at == at:
            self.kill_at = ""
            os.kill(self.victim, signal.SIGKILL)


@dataclass
class GatewayServer:
    """A gateway; the requests that came stand in `asked` as (headers, body).

    Attributes:
        answers: (status, headers) of the next answers, before it says 200.
    """

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __enter__(self) -> GatewayServer:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status, headers = outer.answers.pop(0) if outer.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quietly."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.asked]


Hook = Callable[[], None]
