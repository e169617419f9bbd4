"""What a person sees in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ragkb.types import Answer, Citation, DocumentInfo, Hit

if TYPE_CHECKING:
    from ragkb.doctor import Check
    from ragkb.ingest.report import IngestReport, OnProgress
    from ragkb.kb import Status
    from ragkb.store.records import Problem

EXCERPT = 320  # characters of a hit that are shown


def out() -> Console:
    """Standard output; as wide as the terminal, without colours where it is none."""
    return Console(highlight=False)


def errors() -> Console:
    """Standard error: progress and messages."""
    return Console(stderr=True, highlight=False)


def answer(found: Answer) -> RenderableType:
    """The answer with its numbered citations, and how sure it is."""
    seconds = found.timings_ms["total"] / 1000
    if found.abstained:
        body = Text(found.text, style="yellow")
        return Group(body, Text(f"confidence {found.confidence:.2f} · {seconds:.2f} s", style="dim"))
    text = Text()
    for sentence in found.sentences:
        text.append(sentence.text)
        text.append("".join(f" [{n}]" for n in sentence.citations) + " ", style="bold cyan")
    parts: list[RenderableType] = [text, Text("")]
    parts += [citation(one) for one in found.citations]
    footer = f"confidence {found.confidence:.2f} · groundedness {found.groundedness or 0:.2f} · {seconds:.2f} s"
    return Group(*parts, Text(f"\n{footer}", style="dim"))


def citation(one: Citation) -> RenderableType:
    """One line that says where, and the quote under it."""
    head = Text.assemble((f"[{one.n}] ", "bold cyan"), (one.title, "bold"), "  ", (place(one), "dim"))
    return Group(head, Padding(Text(f"“{' '.join(one.quote.split())}”", style="italic"), (0, 0, 0, 4)))


def place(one: Citation | Hit) -> str:
    """Where in the source: path, page, headings."""
    parts = [one.source, f"p. {one.page}" if one.page else "", " › ".join(one.heading)]
    return ", ".join(part for part in parts if part)


def hits(found: Sequence[Hit]) -> RenderableType:
    """The hits, best first."""
    if not found:
        return Text("Nothing found.", style="yellow")
    rows: list[RenderableType] = []
    for hit in found:
        text = " ".join(hit.text.split())
        shown = text if len(text) <= EXCERPT else text[:EXCERPT].rsplit(" ", 1)[0] + " …"
        head = Text.assemble((f"{hit.rank:>2}. ", "bold cyan"), (hit.title, "bold"), "  ", (place(hit), "dim"))
        head.append(f"  {hit.score:.3f}", style="green")
        rows += [head, Padding(Text(shown), (0, 0, 1, 4))]
    return Group(*rows)


def documents(found: Sequence[DocumentInfo]) -> RenderableType:
    """One line a document."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("id", "left"), ("source", "left"), ("title", "left"), ("groups", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("pages", justify="right")
    table.add_column("chunks", justify="right")
    for one in found:
        pages = str(one.pages) if one.pages else ""
        table.add_row(
            one.id, escape(one.source), escape(one.title), escape(", ".join(one.groups)), pages, str(one.chunks)
        )
    return table


def report(found: IngestReport) -> RenderableType:
    """What became of the files: those with something to say a line each, then the sums."""
    styles = {"refused": "red", "partial": "yellow"}
    lines = [
        Text.assemble((f"{file.status}  ", styles[file.status]), (file.source, "bold"), f"  {file.reason}")
        for file in found.files
        if file.status in styles
    ]
    counts = [
        f"{found.count(status)} {status}"
        for status in ("ingested", "partial", "unchanged", "refused", "removed")
        if found.count(status)
    ]
    sums = f"{', '.join(counts) or 'no files'}: {found.pages} pages, {found.chunks} chunks in {found.seconds:.1f} s"
    if found.redacted:
        lines.append(Text("redacted: " + ", ".join(f"{count} {kind}" for kind, count in found.redacted.items())))
    return Group(*lines, Text(sums, style="bold"))


def changes(found: IngestReport) -> RenderableType:
    """A line for each file that is not as it was."""
    lines = [
        Text.assemble((f"{file.status}  ", "bold"), file.source, f"  {file.reason}" if file.reason else "")
        for file in found.files
        if file.status != "unchanged"
    ]
    return Group(*lines)


def status(found: Status) -> RenderableType:
    """Names and values."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    languages = ", ".join(f"{name or 'unknown'} {count}" for name, count in found.languages.items())
    rows = (
        ("knowledge base", found.path),
        ("documents", f"{found.documents:,}"),
        ("chunks", f"{found.chunks:,}"),
        ("characters", f"{found.characters:,}"),
        ("languages", languages),
        ("groups", ", ".join(found.groups)),
        ("embedder", f"{found.embedder}, {found.precision}, {found.dim} dimensions"),
        ("generation", str(found.generation)),
        ("disk", ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in found.bytes.items())),
        ("memory", ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in found.memory.items())),
    )
    for name, value in rows:
        table.add_row(name, escape(value))
    return table


def problems(found: Sequence[Problem]) -> RenderableType:
    """What verify found."""
    if not found:
        return Text("Whole: catalogue, files and indexes agree.", style="green")
    return Group(*(Text.assemble((f"{one.kind}  ", "red"), (one.where, "bold"), f"  {one.what}") for one in found))


def checks(found: Sequence[Check]) -> RenderableType:
    """What doctor found, a line each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for one in found:
        table.add_row(Text("ok" if one.ok else "no", style="green" if one.ok else "red"), one.name, escape(one.what))
    return table


@contextmanager
def ingest_progress() -> Iterator[OnProgress | None]:
    """Draws files, rate and time left on standard error; None where that is no terminal."""
    console = errors()
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from ragkb.ingest.report import Progress as Step

    columns = (
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[chunks]} chunks"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, chunks=0)

        def show(step: Step) -> None:
            bar.update(
                task,
                completed=step.done,
                total=step.total or None,
                chunks=step.chunks,
                description=escape(step.source[-60:]),
            )

        yield show
