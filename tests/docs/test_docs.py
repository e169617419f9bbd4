"""What README.md and docs/ say is executed: a page from top to bottom, in a folder with some sample documents.

Fences: `python` runs, all of a page in one namespace. In `console` and `bash`, lines that begin with `$ ragkb` or
`$ curl` run (curl against the server's application, without a network); what stands below them is compared with what
came out, white space aside: `...` stands for anything, a decimal number or an id for any other.
"""

from __future__ import annotations

import io
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
import typer
from numpy.typing import NDArray

import ragkb
import ragkb.doctor
import ragkb.kb
import ragkb.retrieve.current
from ragkb import cli, errors
from ragkb.errors import RagkbError
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder, TokenEmbedder
from ragkb.server.app import create_app
from ragkb.server.metrics import Metrics
from ragkb.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLES = (
    "finance/travel-expense-policy.pdf",
    "finance/差旅费用报销办法.pdf",
    "hr/annual-leave-policy.docx",
    "hr/parental-leave.md",
    "hr/salary-bands-2026.xlsx",
    "products/spare-parts-tva.csv",
    "sales/customer-faq.html",
    "security/password-and-mfa-policy.txt",
    "ragkb-manifest.toml",
)
FENCE = re.compile(r"^```(python|console|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ANY = re.compile(r"\\\.\\\.\\\.|[0-9a-f]{16}|\d+\\\.\d+")


class Remembering:
    """An embedder that embeds no text twice: every page ingests the same documents."""

    def __init__(self, inner: Embedder) -> None:
        self.id, self.dim, self.precision = inner.id, inner.dim, inner.precision
        self.count_tokens, self.readable = lru_cache(None)(inner.count_tokens), inner.readable
        self._inner = inner
        if isinstance(inner, TokenEmbedder):
            self.embed_with_tokens = inner.embed_with_tokens
        self._known: dict[tuple[str, bool], NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if (text, query) not in self._known))
        vectors = self._inner.embed(new, query=query) if new else ()
        self._known.update({(text, query): vector for text, vector in zip(new, vectors, strict=True)})
        return np.array([self._known[text, query] for text in texts], np.float32).reshape(len(texts), self.dim)


@pytest.fixture(scope="session")
def embedder(minilm: Embedder) -> Embedder:
    return Remembering(minilm)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A folder with `docs`, some of the sample documents, and `.demo/kb`, which holds them."""
    folder = tmp_path_factory.mktemp("page")
    for name in SAMPLES:
        (folder / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "sample_corpus" / name, folder / "docs" / name)
    with KnowledgeBase.open(folder / ".demo" / "kb", settings=Settings(), embedder=embedder) as kb:
        assert kb.ingest(folder / "docs").count("ingested") == len(SAMPLES) - 1
    return folder


@pytest.fixture
def here(prepared: Path, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it as the current folder; whatever is opened in it uses the one loaded model."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("RAGKB_KB", raising=False)
    monkeypatch.setattr(ragkb.retrieve.current, "shared_embedder", lambda *_: embedder)
    monkeypatch.setattr(ragkb.doctor, "load_embedder", lambda *_: embedder)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_fences_run(page: Path, here: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    text, names = page.read_text("utf-8"), {"__name__": page.stem}
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 2
        if fence[1] == "python":
            exec(compile("\n" * (line - 1) + fence[2], str(page), "exec"), names)
            continue
        for command, expected in commands(fence[2]):
            monkeypatch.setattr(sys, "argv", command)
            shown = curl(command, embedder) if command[0] == "curl" else run(expected)
            assert not expected.strip() or fits(expected, shown), f"{page.name}, line {line}, {command}:\n{shown}"


def commands(fence: str) -> Iterator[tuple[list[str], str]]:
    """(words, output) of each `$ ragkb` and `$ curl` line but `serve`, which would not end."""
    for part in re.split(r"^\$ ", fence.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        words = shlex.split(line, comments=True)
        if words[0] in ("ragkb", "curl") and "serve" not in words:
            yield words, expected


def run(expected: str) -> str:
    """What the command in sys.argv writes. It may fail only where the page shows so."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), pytest.raises(SystemExit) as exit:
        cli.main()
    assert not exit.value.code or "error:" in expected or "refused" in expected, out.getvalue()
    return out.getvalue()


def curl(words: list[str], embedder: Embedder) -> str:
    """What the server's application answers over `.ragkb`."""
    method, url, headers, data, form, files = "", "", {}, None, {}, {}
    rest = iter(words[1:])
    for word in rest:
        if word in ("-X", "-H", "-d", "--json", "-F"):
            value = next(rest)
            if word == "-X":
                method = value
            elif word == "-H":
                headers[value.partition(":")[0]] = value.partition(":")[2].strip()
            elif word == "-F":
                key, _, given = value.partition("=")
                if given.startswith("@"):
                    files[key] = (Path(given[1:]).name, Path(given[1:]).read_bytes())
                else:
                    form[key] = given
            else:
                data = value
                headers |= {"content-type": "application/json"} if word == "--json" else {}
        elif not word.startswith("-"):
            url = word
    method = method or ("POST" if data is not None or files else "GET")

    async def call(kb: KnowledgeBase) -> str:
        transport = httpx.ASGITransport(create_app(kb))
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.request(
                method, url, headers=headers, content=data, data=form or None, files=files or None
            )
            return answer.text

    with KnowledgeBase.open(".ragkb", embedder=embedder) as kb:
        return anyio.run(call, kb)


def fits(expected: str, shown: str) -> bool:
    """True if the page's output is what came out, but for white space, wildcards, decimal numbers and ids."""
    pattern = ANY.sub(_any, re.escape("".join(expected.split())))
    return re.fullmatch(pattern, "".join(shown.split()), re.DOTALL) is not None


def _any(match: re.Match[str]) -> str:
    if match[0] == r"\.\.\.":
        return ".*?"
    return "[0-9a-f]{16}" if "." not in match[0] else r"\d+\.\d+"


def test_generated_pages_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(ROOT / "docs" / "generate.py"), run_name="__main__")
    assert exit.value.code == 0, capsys.readouterr().out


def test_everything_is_documented(tmp_path: Path, words: Embedder) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        api: dict[str, Any] = create_app(kb).openapi()
    routes = [f"{method.upper()} {path}" for path, methods in api["paths"].items() for method in methods]
    metrics = re.findall(r"^# TYPE (\w+) (?:counter|histogram)", Metrics().text().decode(), re.MULTILINE)
    raised = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, RagkbError)]
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    names = {*routes, "GET /docs", *metrics, *raised, *ragkb.__all__, *_commands(), *_settings()}
    assert sorted(name for name in names if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)) == []


def _commands(group: Any = None, prefix: str = "ragkb") -> Iterator[str]:
    group = group or typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        yield from _commands(command, f"{prefix} {name}") if hasattr(command, "commands") else [f"{prefix} {name}"]


def _settings() -> Iterator[str]:
    for name, value in Settings().model_dump().items():
        yield from (f"{name}.{inner}" for inner in value) if isinstance(value, dict) else [name]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    for target in LINK.findall(re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in _anchors(file), f"{page.name}: {target}"


def test_every_page_is_linked_from_the_index() -> None:
    linked = set(LINK.findall((ROOT / "docs" / "index.md").read_text("utf-8")))
    assert {page.name for page in PAGES[1:]} - {"index.md"} <= linked


def _anchors(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_output_is_compared_loosely() -> None:
    assert fits("confidence 0.84 · ...\n  [1] x", "confidence 0.5 · much [1] x")
    assert not fits("confidence 0.84 a", "confidence 0.84 b")
