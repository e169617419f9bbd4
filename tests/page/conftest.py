"""The page in a real browser, over a real server and knowledge base. Skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.server.app import create_app
from ragkb.server.run import listening, server, url
from ragkb.settings import Settings
from ragkb.types import NOBODY, Principal

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
CORPUS = Path(__file__).parents[2] / "sample_corpus"
FILES = ("finance/travel-expense-policy.pdf", "finance/差旅费用报销办法.pdf", "products/spare-parts-tva.csv")
EVIL = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
ADDED = (
    NewDocument("evil.md", f"Gate code\n\nThe gate code of the Zwickau yard is 4711 {EVIL}.", f"Gate {EVIL}"),
    NewDocument("astral.md", "😀🎉🚀 Party 😀\n\nThe 🎉 summer party of the Brno office takes place on 14 August 🚀."),
    NewDocument("hr/leave.md", "Parental leave is 14 weeks.", "Leave policy", metadata={"department": "hr"}),
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, minilm: Embedder) -> Iterator[KnowledgeBase]:
    """Three files of the sample corpus, and texts that are made to break a page."""
    root = tmp_path_factory.mktemp("page")
    for name in FILES:
        (root / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CORPUS / name, root / "docs" / name)
    with KnowledgeBase.open(root / "kb", settings=Settings(), embedder=minilm) as kb:
        assert kb.ingest(root / "docs").count("ingested") == len(FILES)
        kb.add(ADDED)
        yield kb


@contextmanager
def serving(kb: KnowledgeBase, principal: Principal = NOBODY, **others: KnowledgeBase) -> Iterator[str]:
    """The address of a running server, with others at /kb/NAME."""
    with listening("127.0.0.1", 0) as listener:
        running = server(create_app(kb, principal=principal, others=others))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url(listener)
        finally:
            running.should_exit = True
            thread.join(20)


@pytest.fixture(scope="session")
def address(filled: KnowledgeBase) -> Iterator[str]:
    with serving(filled) as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS.split(), "--disable-sync"])
        yield started
        started.close()


Opening = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Opening]:
    """Opens the page as a fresh visitor. At the end: no error in the page, and no request to another origin."""
    contexts, wrong = [], []

    def open(path: str = "/", at: str = address, **options: Any) -> Any:
        size = {"width": options.pop("width", 1280), "height": options.pop("height", 800)}
        context = browser.new_context(viewport=size, **{"locale": "en-US", "reduced_motion": "reduce", **options})
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("request", lambda sent: None if sent.url.startswith((at, "blob:")) else wrong.append(sent.url))
        page.goto(at + path)
        return page

    yield open
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def ask() -> Callable[[Any, str], Any]:
    """Types a question, and waits until it is answered."""

    def typed(page: Any, question: str) -> Any:
        page.locator("#question").fill(question)
        page.keyboard.press("Enter")
        return answered(page)

    return typed


def answered(page: Any) -> Any:
    turn = page.locator(".turn").last
    turn.locator("xpath=self::*[@data-status='done']").wait_for()
    return turn


@pytest.fixture(scope="session")
def serve() -> Callable[..., Any]:
    return serving


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """Rules of axe-core that a page as it stands breaks, with the elements."""
    checker = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def violations(page: Any) -> list[str]:
        found = checker.run(page).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    return violations
