"""Checks questions.jsonl against the documents: `python sample_corpus/make/check.py`. Silent about what is right.

A quote must stand in the document it names, on the page it names, once runs of white space count as one blank.
The extraction here is plain and apart from ragkb's loaders, so that the two do not share mistakes.
"""

from __future__ import annotations

import csv
import email
import email.policy
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import pypdfium2

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CORPUS = Path(__file__).resolve().parent.parent
TYPES = (
    "fact",
    "table",
    "comparison",
    "paraphrase",
    "follow-up",
    "conflict",
    "section",
    "restricted",
    "unanswerable",
    "cross-lingual",
)
KEYS = {"id", "question", "answers", "evidence", "answerable", "groups", "history", "type", "language"}
SUFFIXES = {".md", ".txt", ".html", ".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".json", ".png", ".eml"}
NOT_DOCUMENTS = {"README.md", "questions.jsonl", "groundedness.jsonl"}
_STOP = set(
    "a an and are as at be by can do does for from has have how i if in is it its may me must my no not of on one only "
    "or our that the their there they this to up was we what when where which who why will with without would you your "
    "than more most least after before any each into over s".split()
)


def squeeze(text: str) -> str:
    """White space normalised."""
    return " ".join(text.split())


def row_text(cells: Iterable[Any]) -> str:
    """A table row as ragkb's loaders write it."""
    return "| " + " | ".join(squeeze("" if cell is None else str(cell)) for cell in cells) + " |"


class _Html(HTMLParser):
    """Text of a page, table rows as `| a | b |`."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._row is not None and self._cell is not None:
            self._row.append("".join(self._cell))
            self._cell = None
        elif tag == "tr" and self._row is not None:
            self.parts.append(row_text(self._row) + "\n")
            self._row = None

    def handle_data(self, data: str) -> None:
        (self.parts if self._cell is None else self._cell).append(data)


@cache
def pages(source: str) -> dict[int | None, str]:
    """The text of a document by page; the key is None for formats without pages."""
    path = CORPUS / source
    match path.suffix:
        case ".pdf":
            with pypdfium2.PdfDocument(path) as pdf:
                return {number: squeeze(page.get_textpage().get_text_range()) for number, page in enumerate(pdf, 1)}
        case ".docx":
            return {None: squeeze("\n".join(_docx_lines(path)))}
        case ".pptx":
            slides = pptx.Presentation(str(path)).slides
            return {number: squeeze("\n".join(_slide_lines(slide))) for number, slide in enumerate(slides, 1)}
        case ".xlsx":
            book = openpyxl.load_workbook(path, read_only=True)
            rows = {n: [row_text(row) for row in s.iter_rows(values_only=True)] for n, s in enumerate(book, 1)}
            return {number: squeeze("\n".join(lines)) for number, lines in rows.items()}
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return {None: squeeze("\n".join(row_text(row) for row in csv.reader(file)))}
        case ".html":
            parser = _Html()
            parser.feed(path.read_text(encoding="utf-8"))
            return {None: squeeze("".join(parser.parts))}
        case ".eml":
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            return {None: squeeze(f"{message['subject']}\n{body.get_content() if body else ''}")}
        case _:
            return {None: squeeze(path.read_text(encoding="utf-8"))}


def _docx_lines(path: Path) -> Iterator[str]:
    for block in docx.Document(str(path)).iter_inner_content():
        if isinstance(block, docx.table.Table):
            yield from (row_text(cell.text for cell in row.cells) for row in block.rows)
        else:
            yield block.text


def _slide_lines(slide: Any) -> Iterator[str]:
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield shape.text_frame.text
        elif shape.has_table:
            yield from (row_text(cell.text for cell in row.cells) for row in shape.table.rows)
    if slide.has_notes_slide:
        yield slide.notes_slide.notes_text_frame.text


def documents() -> list[str]:
    """Every document of the corpus, as `source` names it."""
    found = (path.relative_to(CORPUS) for path in CORPUS.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return sorted(path.as_posix() for path in found if path.parts[0] != "make" and path.name not in NOT_DOCUMENTS)


def access() -> dict[str, set[str]]:
    """The groups of each document after the manifest; empty: everyone."""
    with (CORPUS / "ragkb-manifest.toml").open("rb") as file:
        entries = tomllib.load(file)["documents"]
    groups: dict[str, set[str]] = {}
    unused = [entry["match"] for entry in entries if not any(fnmatch(name, entry["match"]) for name in documents())]
    for entry in entries:
        groups.update(
            {name: set(entry["groups"]) for name in documents() if "groups" in entry and fnmatch(name, entry["match"])}
        )
    if unused:
        raise SystemExit(f"ragkb-manifest.toml: matches no document: {', '.join(unused)}")
    return groups


def words(text: str) -> set[str]:
    """Content words of an English sentence."""
    return set(re.findall(r"[a-z0-9]+", text.lower())) - _STOP


def problems(row: dict[str, Any], groups: dict[str, set[str]]) -> Iterator[str]:
    """What is wrong with one question, one line each."""
    missing = {"id", "question", "answers", "evidence", "answerable", "type", "language"} - row.keys()
    if missing or row.keys() - KEYS:
        yield f"keys: missing {sorted(missing)}, unknown {sorted(row.keys() - KEYS)}"
        return
    if row["type"] not in TYPES or row["language"] not in ("en", "zh"):
        yield f"type {row['type']!r} or language {row['language']!r}"
    if not row["id"].startswith(row["language"] + "-"):
        yield "id does not begin with the language"
    if (row["type"] == "follow-up") != bool(row.get("history")):
        yield "history belongs to follow-up questions, and to those only"
    if row["answerable"] != bool(row["answers"]) or row["answerable"] != bool(row["evidence"]):
        yield "answers and evidence belong to answerable questions, and to those only"
    if row["type"] == "unanswerable" and row["answerable"]:
        yield "unanswerable, but answerable is true"
    if row["type"] in ("comparison", "conflict") and len(row["evidence"]) < 2:
        yield "needs two pieces of evidence"
    for item in row["evidence"]:
        source, page, quote = item["source"], item["page"], item["quote"]
        if source not in documents():
            yield f"no document {source}"
            continue
        text = pages(source).get(page)
        if text is None:
            yield f"{source} has no page {page}"
        elif squeeze(quote) not in text:
            elsewhere = [number for number, other in pages(source).items() if squeeze(quote) in other]
            yield f"not in {source} page {page}{f' but on {elsewhere}' if elsewhere else ''}: {quote}"
        if groups.get(source) and groups[source].isdisjoint(row.get("groups", [])):
            yield f"the asker may not see {source}"
        if row["type"] == "paraphrase" and row["language"] == "en" and words(quote) & words(row["question"]):
            yield f"a paraphrase repeats {sorted(words(quote) & words(row['question']))}"
    if row["type"] == "section" and not _named_outside(row):
        yield "nothing of the question stands outside the quote: no title or heading is needed to find it"
    quotes = squeeze(" ".join(item["quote"] for item in row["evidence"])).lower()
    if row["answerable"] and not any(squeeze(answer).lower() in quotes for answer in row["answers"]):
        yield f"no answer stands in a quote: {row['answers']}"


def _named_outside(row: dict[str, Any]) -> bool:
    """Whether a word of the question, or two Chinese characters, stand in the document but not in the quote."""
    (item,) = row["evidence"]
    document = f"{item['source']} {pages(item['source']).get(item['page'], '')} {pages(item['source']).get(1, '')}"
    asked = row["question"]
    bits = {asked[i : i + 2] for i in range(len(asked) - 1)} if row["language"] == "zh" else words(asked)
    return any(bit in document.lower() and bit not in item["quote"].lower() for bit in map(str.lower, bits))


def main() -> int:
    """Prints counts, and what is wrong; returns the exit code."""
    rows = [json.loads(line) for line in (CORPUS / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    groups = access()
    faults = [f"{row.get('id')}: {fault}" for row in rows for fault in problems(row, groups)]
    ids = Counter(row["id"] for row in rows)
    faults += [f"{name}: id used {count} times" for name, count in ids.items() if count > 1]
    asked = Counter((row["question"], tuple(row.get("groups", [])), str(row.get("history"))) for row in rows)
    faults += [f"asked twice by the same people: {key[0]}" for key, count in asked.items() if count > 1]
    open_to_some = {row["question"] for row in rows if row["type"] == "restricted" and row["answerable"]}
    lone = [row["id"] for row in rows if row["type"] == "restricted" and row["question"] not in open_to_some]
    faults += [f"{name}: restricted without an answerable twin" for name in lone]
    cited = {item["source"] for row in rows for item in row["evidence"]}
    print(f"{len(documents())} documents, {len(cited)} of them cited; {len(rows)} questions")
    print(f"not cited: {', '.join(name for name in documents() if name not in cited) or 'none'}")
    for language in ("en", "zh"):
        counts = Counter(row["type"] for row in rows if row["language"] == language)
        print(f"{language}: {sum(counts.values())} = " + ", ".join(f"{kind} {counts[kind]}" for kind in TYPES))
    print(f"not answerable: {sum(not row['answerable'] for row in rows)}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
