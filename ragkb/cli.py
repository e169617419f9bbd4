"""The command `ragkb`: one command is one method of KnowledgeBase. Heavy modules are imported inside."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragkb import __version__
from ragkb.errors import InputError, RagkbError
from ragkb.eval.command import app as eval_app
from ragkb.ingest.reembed_command import reembed
from ragkb.server.command import audit_app, key_app, usage
from ragkb.server.mcp_command import mcp
from ragkb.types import Principal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ragkb.ingest.report import IngestReport, OnProgress, Progress
    from ragkb.kb import KnowledgeBase
    from ragkb.settings import Settings

DEFAULT_KB = Path(".ragkb")
_CONDITION = re.compile(r"(?P<key>[^=<>!]*[^=<>!\s][^=<>!]*)(?P<operator>[<>!]?=|[<>])(?P<value>.*)", re.DOTALL)

app = typer.Typer(
    help="A knowledge base over a company's documents: answers with citations that are checked.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.add_typer(eval_app, name="eval")
app.command()(mcp)
app.command()(reembed)
app.add_typer(key_app, name="key")
app.add_typer(audit_app, name="audit")
app.command()(usage)

Kb = Annotated[Path | None, typer.Option("--kb", metavar="DIR", help="The knowledge base [.ragkb].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Groups = Annotated[list[str] | None, typer.Option("--groups", metavar="G1,G2", help="Groups, '*' for all.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="KEY=VALUE", help="Only documents with this metadata; also != < <= > >=."),
]


@app.callback()
def options(
    context: typer.Context,
    kb: Annotated[
        Path | None, typer.Option("--kb", metavar="DIR", envvar="RAGKB_KB", help="The knowledge base [.ragkb].")
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=lambda shown: _version(shown), help="Print the version."),
    ] = False,
) -> None:
    """A knowledge base over a company's documents: answers with citations that are checked."""
    context.obj = kb


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH|URL...", help="Files, folders, s3:// and the like, pages.")
    ],
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="G1,G2", help="Who may read them, where no manifest says it."),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Also remove documents whose file is gone.")] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace e-mail addresses, telephone, card and id numbers, IBANs.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: ingest again after each change, until Ctrl-C.")
    ] = False,
    ocr: Annotated[
        bool | None,
        typer.Option("--ocr/--no-ocr", help="Read pictures of pages; by default if the extra `ocr` is installed."),
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Read documents into the knowledge base; what is there already is recognised."""
    from ragkb import console, render
    from ragkb.ingest.priority import defer

    settings = _settings(ingest={} if ocr is None else {"ocr": "on" if ocr else "off"})
    defer(settings.ingest.nice)
    with _opened(context, kb, create=True, settings=settings) as opened, console.ingest_progress() as progress:
        steps = _interruptible(progress)
        run = partial(opened.ingest, *paths, groups=_groups(groups), prune=prune, redact=redact, on_progress=steps)
        if watch:
            _follow(paths, run, kb or context.obj or DEFAULT_KB, as_json)
            return
        report = run()
    _print(as_json, lambda: render.report_json(report), lambda: console.report(report))
    if report.refused:
        raise typer.Exit(7)


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int | None, typer.Option("-k", help="Hits to return [10].")] = None,
    where: Where = None,
    groups: Groups = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each is where it is.")] = False,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Find passages."""
    from ragkb import console, render

    with _opened(context, kb) as opened:
        started = time.perf_counter()
        hits = opened.search(query, k=k, where=_where(where), as_=Principal.of_groups(_groups(groups)))
        took = (time.perf_counter() - started) * 1000
    _print(as_json, lambda: render.search_json(query, hits, took), lambda: console.hits(hits, explain))


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question, in English or Chinese.")],
    k: Annotated[int | None, typer.Option("-k", help="Passages to read [8].")] = None,
    where: Where = None,
    groups: Groups = None,
    llm: Annotated[
        str | None, typer.Option("--llm", metavar="URL|local:NAME", help="Language model that writes the answer.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Its name at that address.")] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Answer a question with quotes from the documents, or say that they do not hold the answer."""
    from ragkb import console, render

    given = {name: value for name, value in (("url", llm), ("model", model)) if value is not None}
    with _opened(context, kb, settings=_settings(llm=given)) as opened:
        events = opened.stream(question, k=k, where=_where(where), as_=Principal.of_groups(_groups(groups)))
        answer, shown = console.followed(events, live=not as_json and bool(opened.settings.llm.url))
    _print(as_json, lambda: render.answer_json(answer), lambda: console.answer(answer, with_text=not shown))


@app.command()
def documents(context: typer.Context, groups: Groups = None, kb: Kb = None, as_json: Json = False) -> None:
    """List the documents; without --groups all of them, since who reads the folder may read them."""
    from ragkb import console, render

    principal = Principal.of_groups(_groups(groups)) if groups else Principal.admin()
    with _opened(context, kb) as opened:
        found = list(opened.documents(as_=principal))
    _print(
        as_json, lambda: {"documents": [render.document_json(one) for one in found]}, lambda: console.documents(found)
    )


@app.command()
def related(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id or source of a document.")],
    k: Annotated[int, typer.Option("-k", help="Documents to return.")] = 5,
    groups: Groups = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """List documents that are like this one; without --groups among all, since who reads the folder may read them."""
    from ragkb import console, render

    principal = Principal.admin() if groups is None else Principal.of_groups(_groups(groups))
    with _opened(context, kb) as opened:
        id = _document_id(opened, document)
        found = opened.related(id, k=k, as_=principal)
    _print(as_json, lambda: render.related_json(id, found), lambda: console.related(found))


@app.command()
def delete(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id or source of a document.")],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Remove a document."""
    from rich.text import Text

    with _opened(context, kb) as opened:
        id = _document_id(opened, document)
        opened.delete(id)
    _print(as_json, lambda: {"deleted": id}, lambda: Text(f"Deleted {document}."))


@app.command()
def purge(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids or sources.")] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Remove documents, and wipe what was deleted before from every file; rewrites the knowledge base."""
    from rich.text import Text

    with _opened(context, kb) as opened:
        ids = [_document_id(opened, name) for name in names or ()]
        opened.purge(*ids)
    _print(as_json, lambda: {"purged": ids}, lambda: Text("Purged; nothing of deleted documents is left on disk."))


@app.command()
def compact(context: typer.Context, kb: Kb = None, as_json: Json = False) -> None:
    """Rewrite the knowledge base in as little space as it needs, and wipe what was deleted."""
    from rich.text import Text

    with _opened(context, kb) as opened:
        before = sum(opened.status().disk.values())
        opened.compact()
        after = sum(opened.status().disk.values())
    said = f"Compacted: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now."
    _print(as_json, lambda: {"bytes_before": before, "bytes": after}, lambda: Text(said))


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Write the knowledge base into one file, while others read and write."""
    from rich.text import Text

    from ragkb import render

    with _opened(context, kb) as opened:
        made = opened.backup(file)
    said = f"Wrote {made.file}: {made.documents} documents, generation {made.generation}, {made.bytes / 1e6:.1f} MB."
    _print(as_json, lambda: render.record_json(made), lambda: Text(said))


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `ragkb backup` wrote.")],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Make a knowledge base of a backup, in a new folder, and verify it."""
    from rich.text import Text

    from ragkb import render
    from ragkb.store.backup import restore as run

    folder = kb or context.obj or DEFAULT_KB
    made = run(file, folder)
    said = f"Restored {made.documents} documents, generation {made.generation}, into {folder}; verified."
    _print(as_json, lambda: render.record_json(made), lambda: Text(said))


@app.command()
def doctor(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the indexes anew from the catalogue.")] = False,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring a knowledge base of an older ragkb up.")] = False,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Say whether everything here works: the model, the disk, the knowledge base; --rebuild repairs the indexes."""
    from ragkb import console
    from ragkb.doctor import examine
    from ragkb.store import migrate as store_migrate

    folder = kb or context.obj or DEFAULT_KB
    if migrate:
        store_migrate.migrate(folder)
    if rebuild:
        with _opened(context, kb) as opened:
            opened.rebuild()
    found = examine(folder)
    payload = {
        "ok": all(one.ok for one in found),
        "checks": [{"name": c.name, "ok": c.ok, "what": c.what} for c in found],
    }
    _print(as_json, lambda: payload, lambda: console.checks(found))
    if not payload["ok"]:
        raise typer.Exit(5)


@app.command()
def status(context: typer.Context, kb: Kb = None, as_json: Json = False) -> None:
    """Say what the knowledge base holds."""
    from ragkb import console, render

    with _opened(context, kb) as opened:
        found = opened.status()
    _print(as_json, lambda: render.record_json(found), lambda: console.status(found))


@app.command()
def verify(context: typer.Context, kb: Kb = None, as_json: Json = False) -> None:
    """Check that catalogue, files and indexes agree; exit code 5 if they do not."""
    from ragkb import console, render

    with _opened(context, kb) as opened:
        found = opened.verify()
    payload = {"ok": not found, "problems": [render.record_json(one) for one in found]}
    _print(as_json, lambda: payload, lambda: console.problems(found))
    if found:
        raise typer.Exit(5)


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to bind [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind [8000]; 0 takes a free one.")] = None,
    groups: Groups = None,
    kb: Kb = None,
) -> None:
    """Answer over HTTP. --groups: the groups of every caller, while no key was made."""
    from ragkb.server.run import serve_folder

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serve_folder(kb or context.obj or DEFAULT_KB, given, Principal.of_groups(_groups(groups)))


def main() -> None:
    """Runs the command; the one place where errors become exit codes."""
    as_json = "--json" in sys.argv
    try:
        app()
    except RagkbError as error:
        _fail(error, as_json)
    except KeyboardInterrupt:
        print("\ninterrupted; what was committed is kept", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output, `head` for instance, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("RAGKB_TRACEBACK"):
            raise
        hint = "set RAGKB_TRACEBACK=1 to see where, and report it"
        _fail(RagkbError(f"internal error: {type(error).__name__}: {error}", hint), as_json)


def _fail(error: RagkbError, as_json: bool) -> None:
    hint = f"\n  {error.hint}" if error.hint else ""
    print(f"error: {error.message}{hint}", file=sys.stderr)
    if as_json:
        from ragkb.render import error_json

        print(json.dumps(error_json(error), ensure_ascii=False))
    sys.exit(error.exit_code)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"ragkb {__version__}")
        raise typer.Exit


def _interruptible(progress: OnProgress | None) -> OnProgress:
    """The progress callback, which also ends the ingest after Ctrl-C.

    subtle: an interrupt that falls into a library's callback is swallowed there; the next file notices it.
    """
    pressed = threading.Event()

    def press(number: int, frame: object) -> None:
        pressed.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, press)

    def step(at: Progress) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        if progress:
            progress(at)

    return step


def _follow(paths: list[str], run: Callable[[], IngestReport], kb: Path, as_json: bool) -> None:
    """Ingests at once and after each change; prints a report, then a line for each file that changed."""
    from ragkb import console, render
    from ragkb.ingest.watch import follow

    def tell(error: RagkbError) -> None:
        print(f"waiting: {error}", file=sys.stderr, flush=True)

    for number, report in enumerate(follow(paths, run, tell, threading.Event(), [kb])):
        _print(
            as_json, partial(render.report_json, report), partial(console.changes if number else console.report, report)
        )
        sys.stdout.flush()


def _opened(context: typer.Context, kb: Path | None, create: bool = False, settings: Any = None) -> KnowledgeBase:
    from ragkb.kb import KnowledgeBase

    return KnowledgeBase.open(kb or context.obj or DEFAULT_KB, create=create, settings=settings)


def _settings(**given: Mapping[str, object]) -> Settings:
    """The settings with what the command line gives."""
    from ragkb.settings import Settings

    return Settings.load(**{name: values for name, values in given.items() if values})


def _print(as_json: bool, payload: Callable[[], Any], picture: Callable[[], RenderableType]) -> None:
    if as_json:
        sys.stdout.write(json.dumps(payload(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        from ragkb import console

        console.out().print(picture())


def _groups(given: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for item in given or () for name in item.split(",") if name.strip())


def _where(given: list[str] | None) -> dict[str, list[str]] | None:
    wanted: dict[str, list[str]] = {}
    for item in given or ():
        found = _CONDITION.fullmatch(item)
        if not found:
            raise InputError(f"--where {item!r} is not KEY=VALUE", "write for instance department=hr or 'year>=2024'")
        operator = found["operator"] if found["operator"] != "=" else ""
        wanted.setdefault(found["key"].strip() + operator, []).append(found["value"].strip())
    return wanted or None


def _document_id(kb: KnowledgeBase, name: str) -> str:
    """The id of the document named by its id or its source."""
    found = [one.id for one in kb.documents(as_=Principal.admin()) if name in (one.id, one.source)]
    if len(found) > 1:
        raise InputError(f"{name!r} names {len(found)} documents", "give the id; `ragkb documents` lists them")
    return found[0] if found else name
