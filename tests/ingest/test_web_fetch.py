"""The fetch cannot be led to addresses that are not public: every trick is played against a listener that counts."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpcore
import pytest

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.sources import urls
from ragkb.ingest.sources.address import is_private, is_public
from ragkb.ingest.sources.client import Fetcher
from ragkb.settings import WebSettings
from tests.ingest.web_server import Site, serving

LIMIT = 1_000_000


class Canary:
    """Listens on loopback and counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._sockets = [self._socket]
        if socket.has_dualstack_ipv6():
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for one in self._sockets:
            threading.Thread(target=self._accept, args=(one,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
            connection.close()

    def close(self) -> None:
        for one in self._sockets:
            one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    listener = Canary()
    yield listener
    listener.close()


HOSTS = """
127.0.0.1 127.1 127.0.1 127.0.0.2 127.255.255.254 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1
0177.1 017700000001 0x7F.0x0.0x0.0x1 0 0.0.0.0 00.0.0.0 127.0.0.1. 127.000.000.001 ①②⑦.0.0.1
127。0。0。1 127．0．0．1 localhost localhost. LOCALHOST ｌｏｃａｌｈｏｓｔ [::1] [::] [0:0:0:0:0:0:0:1]
[::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1]
[2002:7f00:1::] [2002:7f00:0001::1] [2001:0:7f00:1::80ff:fffe] [fe80::1] [fe80::1%25lo] [::1%25lo]
[fc00::1] [fd00:ec2::254] [::ffff:0:127.0.0.1] [2600::5efe:127.0.0.1] 10.0.0.1 172.16.0.1
192.168.1.1 100.64.0.1 169.254.169.254 2852039166 0xA9FEA9FE 0251.0376.0251.0376 169.254.43518
①⑥⑨.254.169.254 100.100.100.200 224.0.0.1 240.0.0.1 255.255.255.255 127.0.0.1%00.example.com
127.0.0.1%2eexample.com example.com%00.localhost 1.1.1.1@127.0.0.1 user:pw@127.0.0.1
127.0.0.1#@example.com
""".split()
NAMES = {
    "127.0.0.1.nip.example": "127.0.0.1",
    "loopback6.example.com": "::1",
    "mapped.example.com": "::ffff:127.0.0.1",
    "zone.example.com": "fe80::1%lo",
    "nat64.example.com": "64:ff9b::7f00:1",
    "metadata.example.com": "169.254.169.254",
    "private.example.com": "192.168.0.1",
    "zero.example.com": "0.0.0.0",
}


def addresses_of(port: int) -> list[str]:
    """Every way to write an internal address, as a whole URL."""
    tricks = [f"http://{host}:{port}/" for host in HOSTS]
    tricks += [f"https://{host}:{port}/" for host in ("127.0.0.1", "localhost", "[::1]")]
    tricks += [f"http://{name}:{port}/" for name in NAMES]
    tricks += [
        f"http://example.com@127.0.0.1:{port}/", f"http://example.com:80@127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}\\@example.com/", f"http://example.com\\@127.0.0.1:{port}/",
        f"http:\\\\127.0.0.1:{port}/", f"http:/127.0.0.1:{port}/", f"http:127.0.0.1:{port}/", f"//127.0.0.1:{port}/",
        f"http://\t127.0.0.1:{port}/", f"http://127.0.0.1 :{port}/", f"http://127.0.0.1:{port}\r\nHost: a/",
        f"http://127.0.0.1\x00.example.com:{port}/", f"http://[::1:{port}/", f"http://127.0.0.1:{port}:80/",
        "file:///etc/passwd", f"file://127.0.0.1:{port}/", f"gopher://127.0.0.1:{port}/_x", f"ftp://127.0.0.1:{port}/",
        f"dict://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/", f"HTTP+unix://127.0.0.1:{port}/", "data:text/html,x",
    ]  # fmt: skip
    return tricks


def system(host: str, port: int) -> Sequence[str]:
    """The system's resolver, which knows 127.1 and 0x7f.1, without asking the network for names."""
    if host in NAMES:
        return [NAMES[host]]
    if "example" in host:
        raise OSError("unknown name")
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def settings(canary: Canary, *allow: str, private: bool = False) -> WebSettings:
    return WebSettings(allow=allow, private=private, ports=(80, 443, canary.port), seconds=5)


@pytest.mark.parametrize("allow", [("*",), ("example.com", "*.example.com")], ids=["every host", "one host"])
def test_no_way_to_write_an_internal_address_connects(canary: Canary, allow: tuple[str, ...], capfd: Any) -> None:
    fetcher = Fetcher(settings(canary, *allow), system)
    tricks = addresses_of(canary.port)
    for trick in tricks:
        with pytest.raises(DocumentRefused):
            fetcher.get(urls.parse(trick), LIMIT)
    with capfd.disabled():
        print(f"\n{len(tricks)} ways to an internal address: {canary.connections} connections")
    assert len(tricks) >= 40
    assert canary.connections == 0


def test_the_canary_sings_for_a_host_that_is_allowed(canary: Canary) -> None:
    fetcher = Fetcher(settings(canary, "127.0.0.1", private=True), system)
    assert fetcher.get(urls.parse(f"http://127.0.0.1:{canary.port}/"), LIMIT).data == b"secret"
    assert canary.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_checked_like_the_first_address(canary: Canary, status: int) -> None:
    with serving({}) as site:
        allowed = WebSettings(allow=("site.example.com", "*"), private=True, ports=(site.port, canary.port), seconds=5)
        fetcher = Fetcher(allowed, lambda host, port: ["127.0.0.1"] if host.startswith("site.") else system(host, port))
        tricks = addresses_of(canary.port)
        for number, trick in enumerate(tricks):
            location = trick.encode("utf-8").decode("latin-1").replace("\r\n", "").replace("\x00", "").replace("\t", "")
            site.pages[f"/{number}"] = (status, {"Location": location}, b"")
            with suppress(DocumentRefused):  # else it was read as a path of the site itself, which has no such page
                assert fetcher.get(urls.parse(f"http://site.example.com:{site.port}/{number}"), LIMIT).status == 404
    assert canary.connections == 0


def test_a_name_that_changes_its_address_is_checked_each_time(canary: Canary) -> None:
    """Public at the first question, internal at the next: the connection goes where the check looked."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    connected: list[str] = []

    class Recording(httpcore.NetworkBackend):
        def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
            connected.append(host)
            raise httpcore.ConnectError("not reached")

    fetcher = Fetcher(settings(canary, "rebind.example.com"), lambda host, port: [next(answers)], Recording())
    address = urls.parse(f"http://rebind.example.com:{canary.port}/")
    with pytest.raises(DocumentRefused, match="not reached"):
        fetcher.get(address, LIMIT)
    with pytest.raises(DocumentRefused, match="not public"):
        fetcher.get(address, LIMIT)
    assert connected == ["93.184.216.34"]
    assert canary.connections == 0


def test_one_internal_address_among_public_ones_is_enough_to_refuse(canary: Canary) -> None:
    fetcher = Fetcher(settings(canary, "*"), lambda host, port: ["93.184.216.34", "::1"])
    with pytest.raises(DocumentRefused, match="not public"):
        fetcher.get(urls.parse(f"http://mixed.example.com:{canary.port}/"), LIMIT)


def test_a_star_does_not_open_the_own_network(canary: Canary) -> None:
    fetcher = Fetcher(settings(canary, "*", private=True), system)
    with pytest.raises(DocumentRefused, match="not public"):
        fetcher.get(urls.parse(f"http://127.0.0.1:{canary.port}/"), LIMIT)
    assert canary.connections == 0


def test_metadata_services_are_never_reached(canary: Canary) -> None:
    for address in ("169.254.169.254", "[fe80::1]", "100.100.100.200", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"):
        url = urls.parse(f"http://{address}:{canary.port}/")
        with pytest.raises(DocumentRefused, match="not public"):
            Fetcher(settings(canary, url.host, private=True), system).get(url, LIMIT)


def test_the_environment_does_not_lead_to_a_proxy(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    with serving({"/": (200, {}, b"page")}) as site:
        assert fetcher_of(site).get(urls.parse(site.url("/")), LIMIT).data == b"page"
    assert canary.connections == 0


def test_addresses() -> None:
    public = [
        "93.184.216.34",
        "1.1.1.1",
        "2606:2800:220:1:248:1893:25c8:1946",
        "64:ff9b::5db8:d822",
        "2002:5db8:d822::",
    ]
    assert [one for one in public if not is_public(one)] == []
    internal = "192.88.99.1 198.18.0.1 192.0.2.1 203.0.113.9 fec0::1 ff02::1 2001:db8::1 64:ff9b:1::1 x ::".split()
    assert [one for one in internal if is_public(one)] == []
    assert is_private("10.1.2.3")
    assert is_private("::1")
    assert not is_private("169.254.169.254")


# --- what a page may be -----------------------------------------------------------------------------------------------


def fetcher_of(site: Site, seconds: float = 5) -> Fetcher:
    return Fetcher(WebSettings(allow=("127.0.0.1",), private=True, ports=(site.port,), seconds=seconds))


def test_at_most_three_redirects() -> None:
    with serving({"/end": (200, {}, b"page")}) as site:
        for number in range(5):
            site.pages[f"/{number}"] = (302, {"Location": f"/{number - 1}" if number else "/end"}, b"")
        fetcher = fetcher_of(site)
        assert fetcher.get(urls.parse(site.url("/2")), LIMIT).data == b"page"
        with pytest.raises(DocumentRefused, match="more than 3 redirects"):
            fetcher.get(urls.parse(site.url("/3")), LIMIT)


def test_size_is_bounded_also_after_decompression() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with serving({"/bomb": (200, {"Content-Encoding": "gzip"}, bomb), "/big": (200, {}, bytes(2_000_000))}) as site:
        for path in ("/bomb", "/big"):
            with pytest.raises(LimitExceeded, match="1000000"):
                fetcher_of(site).get(urls.parse(site.url(path)), LIMIT)


def test_a_server_that_trickles_ends_at_the_deadline() -> None:
    with serving({"/slow": (200, {"X-Trickle": "0.05"}, b"x" * 200)}) as site, pytest.raises(DocumentRefused):
        fetcher_of(site, seconds=0.3).get(urls.parse(site.url("/slow")), LIMIT)


def test_gzip_is_read() -> None:
    with serving({"/": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"page"))}) as site:
        assert fetcher_of(site).get(urls.parse(site.url("/")), LIMIT).data == b"page"
        site.pages["/"] = (200, {"Content-Encoding": "br"}, b"?")
        with pytest.raises(DocumentRefused, match="not asked for"):
            fetcher_of(site).get(urls.parse(site.url("/")), LIMIT)
