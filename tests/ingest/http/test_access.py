"""Who asks, and whom: tokens, signatures, certificates, and no connection but to the configured."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from polars.testing import assert_frame_equal

from ingest.settings import SettingError
from ingest.source import SourceFault
from ingest.sources.http.settings import Signing
from ingest.sources.http.signing import Signer, query_text, signed_text
from tests.ingest.http.serving import LAST, Access, Desk
from tests.ingest.http.test_faults import CLIENT

SIGNED = {"key_id": "rd", "secret_env": "RD_SIGN"}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RD_SECRET", "RD_TOKEN", "RD_SIGN"):
        monkeypatch.setenv(name, "geheim")


def test_a_fixed_token_is_sent_and_a_wrong_one_reported_at_once(desk: Desk, monkeypatch) -> None:
    door = Access(tokens=frozenset({"geheim"}))
    with desk.interface(access=door) as server:
        section = desk.section(server, token={"env": "RD_TOKEN"})
        desk.fetch(section)
        monkeypatch.setenv("RD_TOKEN", "falsch")
        asked = len(server.log)
        later = LAST + datetime.timedelta(days=1)
        with pytest.raises(SourceFault, match="令牌无效或已过期（401") as told:
            desk.fetch(section, later)
        assert len(server.log) == asked + 1 and "falsch" not in str(told.value)
        monkeypatch.delenv("RD_TOKEN")
        with pytest.raises(SettingError, match="RD_TOKEN"):
            desk.fetch(section, later)
    assert_frame_equal(desk.held(), desk.truth())


def test_a_token_written_anew_into_its_file_is_taken_up(desk: Desk, tmp_path: Path) -> None:
    door = Access(tokens=frozenset({"alt"}))
    path = tmp_path / "token"
    path.write_text("alt\n")
    with desk.interface(access=door) as server:
        section = desk.section(server, token={"file": str(path)})
        desk.fetch(section, LAST - datetime.timedelta(days=1))
        door.tokens = frozenset({"neu"})
        path.write_text("neu\n")
        desk.fetch(section)
    assert_frame_equal(desk.held(), desk.truth())


@pytest.mark.parametrize("body", ["json", "form"])
def test_a_token_is_asked_for_and_renewed_when_it_ends(desk: Desk, body: str) -> None:
    door = Access(clients={"rd": "geheim"}, keys={"rd": "geheim"})
    with desk.interface("token@3,token@9", access=door) as server:
        desk.fetch(desk.section(server, token={**CLIENT, "body": body}, signing=SIGNED))
        assert [one.status for one in server.log].count(401) == 2
    assert_frame_equal(desk.held(), desk.truth())


def test_a_wrong_client_secret_is_reported_as_such(desk: Desk, monkeypatch) -> None:
    monkeypatch.setenv("RD_SECRET", "falsch")
    with (
        desk.interface(access=Access(clients={"rd": "geheim"})) as server,
        pytest.raises(SourceFault, match="取令牌的请求，请核对 client_id") as told,
    ):
        desk.fetch(desk.section(server, token=CLIENT))
    assert "falsch" not in str(told.value)


def test_signed_requests_are_let_in_and_wrongly_signed_ones_not(desk: Desk, monkeypatch) -> None:
    with desk.interface(access=Access(keys={"rd": "geheim"})) as server:
        section = desk.section(server, signing=SIGNED, resource={"params": {"use_des": "中 文&=+"}})
        desk.fetch(section)
        section = desk.section(server, signing=SIGNED, page_size=7)
        (desk.memory / "FIN-15" / "state.json").unlink()
        desk.fetch(section)
        monkeypatch.setenv("RD_SIGN", "falsch")
        (desk.memory / "FIN-15" / "state.json").unlink()
        with pytest.raises(SourceFault, match=r"验签不通过（403 .*X-Signature 不符"):
            desk.fetch(section)
    assert_frame_equal(desk.held(), desk.truth())


def test_a_401_blames_only_what_was_sent(desk: Desk, monkeypatch) -> None:
    monkeypatch.setenv("RD_TOKEN", "falsch")
    sent = {
        "令牌无效或已过期（401": {"token": {"env": "RD_TOKEN"}},
        "验签不通过，请核对签名的密钥和写法（401": {"signing": SIGNED},
        "令牌无效或已过期，或者验签不通过（401": {"token": {"env": "RD_TOKEN"}, "signing": SIGNED},
    }
    with desk.interface(access=Access(tokens=frozenset({"geheim"}))) as server:
        for said, how in sent.items():
            with pytest.raises(SourceFault, match=said):
                desk.fetch(desk.section(server, **how))


def test_the_signature_is_the_one_of_the_guide() -> None:
    """docs/sources/http.md gives this example; openssl says the same."""
    query = query_text([("size", "1000"), ("page", "1"), ("updated_since", "2026-11-18 00:00:00")])
    assert query == "page=1&size=1000&updated_since=2026-11-18%2000%3A00%3A00"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    nonce = "0123456789abcdef0123456789abcdef"
    text = signed_text("GET", "/ifa/vouchers", query, empty, "1795017600", nonce)
    assert text.decode().splitlines() == [
        "GET", "/ifa/vouchers", query, empty, "1795017600", nonce,
    ]  # fmt: skip
    guide = Path(__file__).parents[3] / "docs" / "sources" / "http.md"
    wanted = hmac.new(b"rd-secret", text, hashlib.sha256).hexdigest()
    assert wanted in guide.read_text(encoding="utf-8")


def test_sm3_signatures_agree_with_openssl() -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this Python's OpenSSL has no SM3 to compare with")
    signer = Signer(Signing(key_id="rd", secret_env="X", method="HMAC-SM3"), b"k", lambda: 5.0)
    made = signer.headers("GET", "/a", "b=1", b"body")
    digest = hashlib.new("sm3", b"body").hexdigest()
    text = signed_text("GET", "/a", "b=1", digest, "5", made["X-Nonce"])
    assert made["X-Signature"] == hmac.new(b"k", text, "sm3").hexdigest()


def certificate(folder: Path, name: str, issuer: str | None = None) -> tuple[Path, Path]:
    """A certificate and key in PEM: an authority of its own, or issued by one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing, by = key, subject
    if issuer:
        loaded = serialization.load_pem_private_key((folder / f"{issuer}.key").read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signing = loaded
        by = x509.load_pem_x509_certificate((folder / f"{issuer}.pem").read_bytes()).subject
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(signing, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


def test_certificates_are_always_verified_and_the_clients_shown(desk: Desk, tmp_path: Path) -> None:
    authority, _ = certificate(tmp_path, "authority")
    served = certificate(tmp_path, "server", "authority")
    client = certificate(tmp_path, "client", "authority")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*served)
    tls.load_verify_locations(authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    with desk.interface(tls=tls) as server:
        with pytest.raises(SourceFault, match="对方证书核验不通过"):
            desk.fetch(desk.section(server))
        known = {"ca_file": str(authority)}
        with pytest.raises(SourceFault):  # without its own certificate it is not let in
            desk.fetch(desk.section(server, tries=1, **known))
        mine = {"cert_file": str(client[0]), "key_file": str(client[1])}
        desk.fetch(desk.section(server, **known, **mine))
        with pytest.raises(SettingError, match="证书文件读不出"):
            desk.fetch(desk.section(server, ca_file=str(tmp_path / "none.pem")))
    assert_frame_equal(desk.held(), desk.truth())


def test_proxies_of_the_environment_are_passed_over(desk: Desk, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with desk.interface() as server:
        desk.fetch(desk.section(server))
        with pytest.raises(SourceFault, match="连接中断或连不上"):
            desk.fetch(
                desk.section(server, proxy="http://127.0.0.1:9", tries=1),
                LAST + datetime.timedelta(days=1),
            )


@pytest.mark.parametrize("where", ["redirect", "link"])
def test_another_host_is_never_spoken_to(desk: Desk, where: str) -> None:
    with desk.interface() as other, desk.interface() as server:
        elsewhere = f"http://localhost:{other.port}/ifa/vouchers"
        if where == "redirect":
            server.redirect = elsewhere
            section = desk.section(server)
        else:
            server.link = elsewhere
            section = desk.section(server, paging={"kind": "link", "next": "data.link"})
        with pytest.raises(SourceFault, match="只连接设置里写明的地址"):
            desk.fetch(section)
        assert other.log == []
        server.redirect = server.link = ""
        desk.fetch(section)
    assert_frame_equal(desk.held(), desk.truth())


def test_an_answer_beyond_the_limit_is_refused_before_it_fills_the_memory(desk: Desk) -> None:
    with desk.interface() as server:
        section = desk.section(server, answer_mb=1, page_size=5000)
        server.padding = 3 << 20
        with pytest.raises(SourceFault, match="一页超过 1 MB；请改小 page_size"):
            desk.fetch(section)
