"""Stores and pages behind real servers on loopback: S3, WebDAV, SFTP, and HTTPS with a certificate of our own."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragkb.errors import DocumentRefused, NotFound
from ragkb.ingest.sources import urls
from ragkb.ingest.sources.client import Fetcher
from ragkb.kb import KnowledgeBase
from ragkb.settings import WebSettings
from ragkb.types import Principal
from tests.conftest import WordHashes
from tests.ingest.web_server import serving

FILES = {
    "a.md": b"# Doors\n\nThe door is red.",
    "hr/pay.md": b"# Pay\n\nPay day is the last Friday.",
    "hr/ragkb-manifest.toml": b'[[documents]]\nmatch = "*"\ngroups = ["hr"]\n',
    ".hidden.md": b"not for anybody",
}


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as opened:
        yield opened


def check(kb: KnowledgeBase, address: str) -> None:
    """The files go in with their groups, a second time unchanged."""
    report = kb.ingest(address)
    assert {file.source: file.status for file in report.files} == {"a.md": "ingested", "hr/pay.md": "ingested"}
    groups = {one.source: one.groups for one in kb.documents(as_=Principal.admin())}
    assert groups == {"a.md": (), "hr/pay.md": ("hr",)}
    assert kb.ingest(address, prune=True).count("unchanged") == 2


def test_a_bucket_of_an_s3_server(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fill_bucket()
        check(kb, "s3://handbook/docs")
        with pytest.raises(NotFound, match="no such file or folder"):
            kb.ingest("s3://nobucket/docs")
    finally:
        server.stop()


def fill_bucket() -> None:
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="handbook")
    for name, data in FILES.items():
        client.put_object(Bucket="handbook", Key=f"docs/{name}", Body=data)


def write(folder: Path) -> None:
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def test_a_folder_of_a_webdav_server(kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("webdav4")
    app = pytest.importorskip("wsgidav.wsgidav_app").WsgiDAVApp
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    import fsspec

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    write(tmp_path / "share" / "docs")
    config = {
        "provider_mapping": {"/": str(tmp_path / "share")},
        "simple_dc": {"user_mapping": {"*": True}},
        "logging": {"enable": False},
        "verbose": 0,
    }
    server = make_server("127.0.0.1", 0, app(config), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setitem(fsspec.config.conf, "webdav", {"base_url": f"http://127.0.0.1:{server.server_port}"})
    try:
        check(kb, "webdav://docs")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_folder_of_an_sftp_server(kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("paramiko", "asyncssh"):
        pytest.importorskip(package)
    import fsspec

    write(tmp_path / "share" / "docs")
    login = {"password": "secret", "look_for_keys": False, "allow_agent": False}
    monkeypatch.setitem(fsspec.config.conf, "sftp", login)
    command = [sys.executable, str(Path(__file__).with_name("sftp_server.py")), str(tmp_path / "share")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            check(kb, f"sftp://ana@127.0.0.1:{int(server.stdout.readline())}/docs")
        finally:
            close_clients("sftp")
            server.kill()


def close_clients(scheme: str) -> None:
    """Ends the connections that fsspec keeps."""
    import fsspec

    driver = fsspec.get_filesystem_class(scheme)
    for one in list(driver._cache.values()):
        one.client.close()
    driver.clear_instance_cache()


def test_a_page_over_https_is_fetched_if_its_certificate_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = pytest.importorskip("trustme").CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("docs.example.com").configure_cert(context)
    settings = WebSettings(allow=("*.example.com",), private=True)
    with serving({"/a": (200, {"Content-Type": "text/plain"}, b"The door is red.")}, context) as site:
        settings = settings.model_copy(update={"ports": (site.port,)})

        def get(host: str) -> bytes:
            return (
                Fetcher(settings, lambda *_: ["127.0.0.1"]).get(urls.parse(f"https://{host}:{site.port}/a"), 1000).data
            )

        with pytest.raises(DocumentRefused, match="certificate verify failed"):
            get("docs.example.com")
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert get("docs.example.com") == b"The door is red."
        with pytest.raises(DocumentRefused, match="not valid for 'other"):
            get("other.example.com")
