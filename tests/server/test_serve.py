"""Starting and stopping."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ragkb.errors import InputError
from ragkb.server.address import check_address
from ragkb.server.run import listening, url

PROGRAM = """
import sys, time
from ragkb.kb import KnowledgeBase
from ragkb.server.run import serve
from ragkb.settings import ServerSettings, Settings
settings = Settings(server=ServerSettings(port=0))
with KnowledgeBase.open(sys.argv[1], settings=settings) as kb:
    if sys.argv[2] == "slow":
        kb.search = lambda *_, **__: time.sleep(60)
    serve(kb, settings, grace=1)
print("closed", flush=True)
"""


@contextmanager
def program(folder: Path, kind: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-c", PROGRAM, str(folder), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        try:
            first = running.stderr.readline()
            found = re.search(r"ragkb listens on (http://127\.0\.0\.1:\d+)", first)
            assert found, first + running.stderr.read()
            yield running, found[1]
        finally:
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_closes_the_knowledge_base(tmp_path: Path, number: signal.Signals) -> None:
    with program(tmp_path / "kb", "quick") as (running, address), httpx.Client(base_url=address) as client:
        response = client.post("/v1/search", json={"query": "a canary question"})
        assert response.status_code == 200
        running.send_signal(number)
        out, err = running.communicate(timeout=10)
    assert (running.returncode, out) == (0, "closed\n")
    assert "canary" not in err
    lines = [json.loads(line) for line in err.splitlines()]
    assert [(line["event"], line["route"], line["status"]) for line in lines] == [("request", "/v1/search", 200)]
    assert lines[0]["id"] == response.headers["x-request-id"]


def test_work_that_does_not_end_does_not_hold_the_server(tmp_path: Path) -> None:
    with program(tmp_path / "kb", "slow") as (running, address), httpx.Client(base_url=address) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/search", json={"query": "leave"}, timeout=2)
        started = time.monotonic()
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=10)
    assert time.monotonic() - started < 6
    assert running.returncode == 0
    assert "stopped before work was done" in err
    assert "Traceback" not in err


def test_a_port_in_use_is_an_input_error() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"^port {port} is in use: .*--port"), listening("127.0.0.1", port):
            pass
    with listening("127.0.0.1", port):
        pass


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may bind every port")
def test_a_port_that_is_not_permitted() -> None:
    with pytest.raises(InputError, match=r"^port 80 is not permitted"), listening("127.0.0.1", 80):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "example.org", "", "127.0.0.1.evil.example", "0"])
def test_other_addresses_are_refused(host: str) -> None:
    with pytest.raises(InputError, match="not a loopback address"):
        check_address(host)
    check_address(host, is_open=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9"])
def test_loopback_is_taken(host: str) -> None:
    with listening(host, 0) as listener:
        assert re.fullmatch(r"http://127\.0\.0\.\d:\d+", url(listener))


def test_loopback_of_ipv6() -> None:
    try:
        with listening("::1", 0) as listener:
            assert url(listener).startswith("http://[::1]:")
    except InputError:
        pytest.skip("no IPv6 here")
