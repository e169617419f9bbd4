"""What a person sees in the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ragkb.ingest.normalise import one_line
from ragkb.ingest.report import STATUSES
from ragkb.types import Answer, AnswerEvent, Citation, DocumentInfo, Explain, Hit, Related, Sentence, SentenceScored

if TYPE_CHECKING:
    from ragkb.doctor import Check
    from ragkb.ingest.reembed import OnReembed, ReembedProgress
    from ragkb.ingest.report import FileReport, IngestReport, OnProgress, Progress
    from ragkb.status import Status
    from ragkb.store.records import Problem

EXCERPT = 320  # characters of a hit that are shown
SECONDS_BETWEEN_LINES = 10  # of progress, in a log


def out() -> Console:
    """Standard output; as wide as the terminal, without colours where it is none."""
    return Console(highlight=False)


def errors() -> Console:
    """Standard error: progress and messages."""
    return Console(stderr=True, highlight=False)


def followed(events: Iterator[AnswerEvent], live: bool) -> tuple[Answer, bool]:
    """(the answer at the end of the stream, whether its text was printed on the way); live: print it in a terminal."""
    screen, shown = out(), 0
    for event in events:
        if isinstance(event, SentenceScored) and live and screen.is_terminal:
            screen.print(_marked(event.sentence), end=" ", soft_wrap=True)
            shown += 1
        if isinstance(event, Answer):
            if shown:
                screen.print("\n")
            return event, shown > 0 and not event.abstained
    raise AssertionError("a stream ends with its answer")


def answer(found: Answer, with_text: bool = True) -> RenderableType:
    """The answer with its numbered citations, and how sure it is."""
    seconds = found.timings_ms["total"] / 1000
    if found.abstained:
        body = Text(found.text, style="yellow")
        return Group(body, Text(f"confidence {found.confidence:.2f} · {seconds:.2f} s", style="dim"))
    parts: list[RenderableType] = [_answer_text(found), Text("")] if with_text else []
    parts += [citation(one) for one in found.citations]
    footer = f"confidence {found.confidence:.2f} · groundedness {found.groundedness or 0:.2f} · {seconds:.2f} s"
    return Group(*parts, *_warnings(found), Text(f"\n{footer}", style="dim"))


def _answer_text(found: Answer) -> Text:
    """The text as it is laid out, each sentence with its numbers behind it."""
    text, done = Text(), 0
    for sentence in found.sentences:
        start = max(done, found.text.find(sentence.text, done))
        end = start + len(sentence.text)
        stop = found.text[end : end + 1].strip()
        text.append(found.text[done:start] or (" " if done else ""))
        text.append_text(_marked(sentence, stop))
        done = end + len(stop)
    text.append(found.text[done:], style="yellow")  # what the documents do not say
    return text


def _marked(sentence: Sentence, stop: str = "") -> Text:
    """A sentence with its numbers; one that nothing supports is marked."""
    text = Text(sentence.text + stop, style="" if sentence.supported else "yellow")
    text.append("".join(f" [{n}]" for n in sentence.citations), style="bold cyan")
    if not sentence.supported:
        text.append(" [not supported]", style="bold yellow")
    return text


def _warnings(found: Answer) -> list[Text]:
    unsupported = sum(not sentence.supported for sentence in found.sentences)
    said = []
    if unsupported:
        said.append(f"{unsupported} of {len(found.sentences)} sentences are not supported by the documents")
    if found.dropped:
        said.append(f"{found.dropped} that no document supports were left out")
    return [Text(f"\n{'; '.join(said)}", style="yellow")] if said else []


def citation(one: Citation) -> RenderableType:
    """One line that says where, and the quote under it."""
    head = Text.assemble((f"[{one.n}] ", "bold cyan"), (one.title, "bold"), "  ", (place(one), "dim"))
    return Group(head, Padding(Text(f"“{' '.join(one.quote.split())}”", style="italic"), (0, 0, 0, 4)))


def place(one: Citation | Hit) -> str:
    """Where in the source: path, page, headings."""
    parts = [one.source, f"p. {one.page}" if one.page else "", " › ".join(one.heading)]
    return ", ".join(part for part in parts if part)


def hits(found: Sequence[Hit], explain: bool = False) -> RenderableType:
    """The hits, best first. explain: with the reasons of each place."""
    if not found:
        return Text("Nothing found.", style="yellow")
    rows: list[RenderableType] = []
    for hit in found:
        text = " ".join(hit.text.split())
        shown = text if len(text) <= EXCERPT else text[:EXCERPT].rsplit(" ", 1)[0] + " …"
        head = Text.assemble((f"{hit.rank:>2}. ", "bold cyan"), (hit.title, "bold"), "  ", (place(hit), "dim"))
        head.append(f"  {hit.score:.3f}", style="green")
        notes = [Text(line, style="yellow") for line in _notes(hit)]
        notes += [Text(line, style="dim") for line in _explained(hit.explain)] if explain else []
        rows += [head, Padding(Group(Text(shown), *notes), (0, 0, 1, 4))]
    return Group(*rows)


def _explained(explain: Explain) -> Iterator[str]:
    """Both legs with their ranks and what each counts, then the rest in words."""
    legs = (
        ("meaning", explain.dense, explain.dense_rank, explain.weight),
        ("words", explain.lexical, explain.lexical_rank, 1 - explain.weight),
    )
    said = [
        f"{name} {score:.3f} (rank {rank}), counts {weight:.0%}" if score is not None else f"{name}: not found"
        for name, score, rank, weight in legs
    ]
    said += [f"document {explain.document:.2f}"] if explain.document else []
    said += [f"reranked {explain.rerank:.3f}"] if explain.rerank is not None else []
    yield "; ".join(said)
    if explain.reason:
        yield explain.reason


def _notes(hit: Hit) -> Iterator[str]:
    """What has to be said of a hit beside its text."""
    if hit.superseded_by:
        yield f"A newer version says it otherwise: {hit.superseded_by}"
    if hit.duplicates:
        places = list(
            dict.fromkeys(f"{one.source}, p. {one.page}" if one.page else one.source for one in hit.duplicates)
        )
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        yield f"The same stands in {', '.join(places[:3])}{more}"


def related(found: Sequence[Related]) -> RenderableType:
    """One line a document, nearest first."""
    if not found:
        return Text("Nothing like it was found.", style="yellow")
    lines = (
        Text.assemble((f"{rank:>2}. ", "bold cyan"), (one.document.title, "bold"), "  ", (one.document.source, "dim"))
        + Text(f"  {one.score:.3f}", style="green")
        for rank, one in enumerate(found, 1)
    )
    return Group(*lines)


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
    """What became of the files: those that were refused or lack something with the reason, then the sums."""
    parts: list[RenderableType] = []
    for status, style, head in (("partial", "yellow", "In, with something missing"), ("refused", "red", "Not in")):
        files = [file for file in found.files if file.status == status]
        if files:
            parts += [Text(f"{head}:", style=f"bold {style}"), _reasons(files, style), Text("")]
    counts = [f"{found.count(status)} {status}" for status in STATUSES if found.count(status)]
    pictures = f" ({found.ocr_pages} of them read from pictures)" if found.ocr_pages else ""
    sums = f"{', '.join(counts) or 'no files'}: {found.pages} pages{pictures}, {found.chunks} chunks"
    if found.redacted:
        parts.append(Text("redacted: " + ", ".join(f"{count} {kind}" for kind, count in found.redacted.items())))
    return Group(*parts, Text(f"{sums} in {found.seconds:.1f} s", style="bold"))


def changes(found: IngestReport) -> RenderableType:
    """A line for each file that is not as it was."""
    lines = [
        Text.assemble((f"{file.status}  ", "bold"), one_line(file.source), f"  {file.reason}" if file.reason else "")
        for file in found.files
        if file.status != "unchanged"
    ]
    return Group(*lines)


def _reasons(files: Sequence[FileReport], style: str) -> RenderableType:
    """A line a file, its reason beside it or, where the terminal is narrow, folded."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=style)
    table.add_column(overflow="fold", ratio=2)
    table.add_column(overflow="fold", ratio=3)
    for file in files:
        table.add_row(file.status, Text(one_line(file.source), style="bold"), Text(file.reason))
    return table


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
        ("disk", ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in found.disk.items())),
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
def ingest_progress() -> Iterator[OnProgress]:
    """Draws files, pages, rate and time left on standard error; where that is no terminal, a line now and then."""
    console = errors()
    started = time.monotonic()
    if not console.is_terminal:
        yield _lines_now_and_then(started)
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.fields[line]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}", style="dim"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, line="looking for files")

        def show(step: Progress) -> None:
            line = progress_line(step, time.monotonic() - started)
            name = escape(one_line(step.source)[-40:])
            bar.update(task, completed=step.bytes_done, total=step.bytes_total or None, line=line, description=name)

        yield show


@contextmanager
def reembed_progress() -> Iterator[OnReembed]:
    """Draws how many texts are embedded, and the time left, on standard error; nothing where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Bar(*columns, TextColumn("{task.description}"), console=errors(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(step: ReembedProgress) -> None:
            said = f"waiting: {step.waiting}" if step.waiting else ""
            bar.update(task, completed=step.done, total=step.total, description=escape(said))

        yield show


def _lines_now_and_then(started: float) -> OnProgress:
    last = started

    def show(step: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            errors().print(f"ingest: {progress_line(step, now - started)}", soft_wrap=True)

    return show


def progress_line(step: Progress, seconds: float) -> str:
    """How far an ingest is, and how fast: pages a second where files have pages, files a second where not."""
    count, unit = (step.pages, "pages") if step.pages else (step.done, "files")
    files = f"{step.done:,}/{step.total:,} files" if step.total else f"{step.done:,} files"
    pages = f" · {step.pages:,} pages" if step.pages else ""
    return f"{files}{pages} · {count / max(seconds, 0.1):.1f} {unit}/s"
