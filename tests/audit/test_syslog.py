import re
import socket
import threading

import pytest

from budget_watch.audit import AuditError
from budget_watch.casework.auditing import forward
from tests.audit.made import fill

FIRST = (
    r'<109>1 2026-11-27T01:02:03\.456789\+00:00 \S+ budget-watch - case\.verify \[bw@32473 seq="1"'
    r' mac="[0-9a-f]{64}" user="u0" role="经办" session="s0" purpose="日常办理" kind="case"'
    r' subject="c0"\] \ufeff\{"n":0,"说明":"已核"\}'
)


def configure(home, address):
    home.root.mkdir(exist_ok=True)
    (home.root / "budget_watch.toml").write_text(f'[audit]\nsyslog = "{address}"\n')


def test_a_server_gets_each_entry_once_by_udp(home):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        configure(home, f"udp://127.0.0.1:{server.getsockname()[1]}")
        fill(home, 2)
        assert forward(home) == 2
        got = [server.recv(65535).decode() for _ in range(2)]
        assert re.fullmatch(FIRST, got[0])
        assert 'seq="2"' in got[1]
        assert forward(home) == 0
        fill(home, 1)
        assert forward(home) == 1
        assert 'seq="3"' in server.recv(65535).decode()


def test_a_stream_counts_its_lines(home):
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take():
            channel, _ = server.accept()
            with channel:
                while data := channel.recv(65535):
                    got.extend(data)

        taking = threading.Thread(target=take)
        taking.start()
        configure(home, f"tcp://127.0.0.1:{server.getsockname()[1]}")
        fill(home, 3)
        assert forward(home) == 3
        taking.join(30)
    lines = []
    while got:
        count, _, rest = bytes(got).partition(b" ")
        lines.append(rest[: int(count)].decode())
        got = bytearray(rest[int(count) :])
    assert re.fullmatch(FIRST, lines[0])
    assert [re.findall(r'seq="(\d+)"', line) for line in lines] == [["1"], ["2"], ["3"]]


def test_a_server_that_is_away_is_told_and_nothing_is_left_out_afterwards(home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    configure(home, f"tcp://127.0.0.1:{port}")
    fill(home, 1)
    with pytest.raises(AuditError, match=r"没有送到 tcp://127\.0\.0\.1"):
        forward(home)
    configure(home, "smtp://x")
    with pytest.raises(AuditError, match="应写成"):
        forward(home)
