"""A real server on a free port, in a thread, over a real knowledge base."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder, load_embedder
from ragkb.server.app import create_app
from ragkb.server.run import listening, server, url
from ragkb.settings import Settings
from ragkb.types import NOBODY, Principal

Serving = Callable[..., AbstractContextManager[httpx.Client]]

LEAVE = "# Parental leave\n\nParental leave is 14 weeks. Ask your manager before you go. 育儿假为十四周。"
TRAVEL = "# Travel\n\nA hotel may cost 120 euros a night. Receipts are due within 30 days."
SECRET = "# Salaries\n\nThe bonus pool is 4 million euros, under the code name quokkaberry."
DOCUMENTS = (
    NewDocument("hr/leave.md", LEAVE, "Leave policy", metadata={"department": "hr", "year": 2025}),
    NewDocument("travel.md", TRAVEL, "Travel policy", metadata={"department": "finance"}),
    NewDocument("hr/salaries.md", SECRET, "Salaries", groups=("hr",), metadata={"department": "hr"}),
)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder("minilm")


@pytest.fixture
def kb(tmp_path: Path, embedder: Embedder) -> Iterator[KnowledgeBase]:
    """Two documents for everyone and one for hr; to be changed by the test."""
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(), embedder=embedder) as opened:
        opened.add(DOCUMENTS)
        yield opened


@pytest.fixture(scope="session")
def shared_kb(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    """The same, only to be read."""
    folder = tmp_path_factory.mktemp("shared") / "kb"
    with KnowledgeBase.open(folder, settings=Settings(), embedder=embedder) as opened:
        opened.add(DOCUMENTS)
        yield opened


@contextmanager
def serving(
    kb: KnowledgeBase,
    settings: Settings | None = None,
    principal: Principal = NOBODY,
    *,
    app: Any = None,
    send_buffer: int = 0,
    **more: Any,
) -> Iterator[httpx.Client]:
    """A client of a running server.

    app: another application than create_app's; more: for that. send_buffer: bytes that the system takes for a caller
    who does not read.
    """
    with listening("127.0.0.1", 0) as listener:
        if send_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        running = server(app or create_app(kb, settings, principal=principal, **more), grace=5)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=url(listener), timeout=60, trust_env=False) as client:
                yield client
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def serve() -> Serving:
    return serving


@pytest.fixture(scope="session")
def client(shared_kb: KnowledgeBase) -> Iterator[httpx.Client]:
    """Reads the shared knowledge base as nobody special."""
    with serving(shared_kb) as opened:
        yield opened


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[httpx.Client]:
    """Reads and writes a knowledge base on which nothing else depends."""
    folder = tmp_path_factory.mktemp("scratch") / "kb"
    with KnowledgeBase.open(folder, settings=Settings(), embedder=embedder) as opened:
        opened.add(DOCUMENTS)
        with serving(opened) as client:
            yield client
