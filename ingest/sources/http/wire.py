"""The connection to the interface: TLS, client certificate, time limits, no environment proxies."""

from __future__ import annotations

import ssl

import httpx

from ingest.settings import SettingError
from ingest.sources.http.settings import HttpSettings


def connection(settings: HttpSettings) -> httpx.Client:
    """A client that reaches the configured interface and nothing else.

    Certificates are always verified; redirects are not followed here; proxies, netrc and
    certificate variables of the environment are passed over.

    Raises:
        SettingError: a certificate file cannot be read.
    """
    return httpx.Client(
        verify=_tls(settings),
        proxy=settings.proxy,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
        headers={"Accept": "application/json", "User-Agent": "budget-watch"},
    )


def _tls(settings: HttpSettings) -> ssl.SSLContext:
    try:
        if settings.ca_file:
            context = ssl.create_default_context(cafile=str(settings.ca_file))
        else:
            context = httpx.create_ssl_context(trust_env=False)
        if settings.cert_file:
            key = str(settings.key_file) if settings.key_file else None
            context.load_cert_chain(str(settings.cert_file), key)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            f"数据源“{settings.name}”的证书文件读不出（{error}）；"
            "请核对 ca_file、cert_file、key_file，应为 PEM 格式。"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a redirect or a next link may not leave."""
    port = url.port or {"https": 443, "http": 80}.get(url.scheme)
    return url.scheme, url.host, port


def unverified(error: BaseException) -> bool:
    """Whether a connection failed because a certificate could not be verified."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
