"""Damaged files for every loader: bits flipped, ends cut off, parts moved, doubled and mixed, and plain noise.

    python -m benchmarks.ingest.fuzz [--examples 500] [--loader pdf] [--seed 1]

Each file, and each file inside it, goes through a sandboxed process, its hidden text kept. It must be refused with a
reason, or give a text that the chunker cuts into chunks with text[start:end] == chunk, within 10 seconds of processor
time, 20 where a picture may be read by OCR (by the clock where the system does not tell the time of children). A file
that breaks this is kept under --keep. Exit code 1 then.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.ingest import made_files
from benchmarks.ingest.hostile_files import docx, pdf, pptx, with_parts, xlsx
from ragkb.errors import InputError
from ragkb.ingest.chunk import chunk
from ragkb.ingest.members import Member
from ragkb.ingest.sandbox import Parser, parser
from ragkb.settings import ChunkSettings, IngestSettings, LimitSettings

LONGEST = 10.0  # seconds
_LONGEST_OCR = 20.0  # a page that is hardly legible is read in four directions
_LIMITS = LimitSettings(seconds=20, text_characters=5_000_000)

_TABLE = b'Item;Price;Note\nPump;4,50;"a; b"\nValve;12;\nHose;;red\n' * 3
_HTML = (
    b"<!doctype html><html><head><title>Hall</title></head><body><main><h1>Doors</h1><p>Three <b>red</b> doors.</p>"
    b"<table><tr><th>A</th><th>B</th></tr><tr><td colspan=2>1</td></tr></table><ul><li>x<ul><li>y</ul></ul>"
    b"<pre>a  b</pre></main></body></html>"
)
_MAIL = (
    b"From: a@b.example\nTo: c@d.example\nSubject: =?utf-8?q?Caf=C3=A9?=\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain; charset=latin-1\n'
    b"Content-Transfer-Encoding: quoted-printable\n\nA boiler =E9.\n--x\nContent-Type: text/html\n\n<p>Hi</p>\n"
    b'--x\nContent-Disposition: attachment; filename="a.bin"\n\nAAAA\n--x--\n'
)
_MARKDOWN = (
    b"---\ntitle: T\n---\n# One\n\nText *a* [b](c).\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n- a\n  1. b\n\n"
    b"```py\nx = 1\n```\n\n> q\n\nSet\n===\n"
)
_TEXT = "1.1 Räume\n\nDie Halle hat drei Türen.\n\n第一章 总则\n\n门是红色的。\n".encode()
_JSON = b'{"title": "T", "rows": [{"a": 1, "b": "x"}, {"a": 2}], "deep": {"n": [1, [2, {"k": null}]], "t": true}}'

_REST = (
    b"Hall\n====\n\nThree *red* doors [1]_.\n\n.. note:: Wet.\n\n.. code-block:: py\n\n   x = 1\n\n"
    b"=== ===\na   b\n=== ===\n1   2\n=== ===\n\n- x\n\n  - y\n\n.. [1] A note.\n"
)
_LATEX = (
    rb"\documentclass{article}\title{Hall}\newcommand{\x}[1]{#1!}\begin{document}\maketitle\section{Doors}"
    rb"Three \textbf{red} doors, $a_1 \le \frac{b}{2}$.\begin{itemize}\item one\item two\end{itemize}"
    rb"\begin{tabular}{ll}a & b \\ 1 & 2\end{tabular}\verb|x|% note" + b"\n" + rb"\end{document}"
)
_RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Hall}}{\stylesheet{\s1 heading 1;}}\pard\s1 Doors\par"
    rb"\pard Caf\'e9 \u8364? {\b red}\par\trowd\cellx100\cellx200 A\cell B\cell\row{\*\x hidden}{\footnote note}\par}"
)
_PARAGRAPH = '<text:h text:outline-level="1">Hall</text:h><text:p>Three <text:s text:c="2"/>doors.</text:p>'
_CELL = '<table:table-cell table:number-columns-repeated="2"><text:p>4</text:p></table:table-cell>'
_ROW = f'<table:table-row table:number-rows-repeated="3">{_CELL}</table:table-row>'
_ROWS = f'<table:table table:name="S">{_ROW}</table:table>'
_SLIDE = "<draw:page><draw:frame><draw:text-box><text:p>A door.</text:p></draw:text-box></draw:frame></draw:page>"


def _png() -> bytes:
    from PIL import Image, ImageDraw

    picture, stream = Image.new("L", (240, 60), 255), io.BytesIO()
    ImageDraw.Draw(picture).text((10, 10), "Three red doors", font_size=24)
    picture.save(stream, "PNG")
    return stream.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    "csv": lambda: _TABLE,
    "docx": docx,
    "eml": lambda: _MAIL,
    "epub": lambda: made_files.epub({"one": "<h1>Hall</h1><p>Three doors.</p>", "two": "<p>Red.</p>"}),
    "html": lambda: _HTML,
    "json": lambda: _JSON,
    "jsonl": lambda: b'{"a": 1, "b": [1]}\n{"a": "x"}\n{"c": {"d": 2}}\n',
    "md": lambda: _MARKDOWN,
    "mhtml": lambda: made_files.mhtml("<html><body><h1>Hall</h1><p>Three doors.</p></body></html>"),
    "msg": lambda: made_files.msg(made_files.message_tree({0x0037: "Hall", 0x1000: "Three doors."}, {0x1009: _RTF})),
    "odp": lambda: made_files.odf("presentation", _SLIDE),
    "ods": lambda: made_files.odf("spreadsheet", _ROWS),
    "odt": lambda: made_files.odf("text", _PARAGRAPH + _ROWS),
    "pdf": pdf,
    "png": _png,
    "pptx": pptx,
    "py": lambda: b"import os\n\n\nclass Hall:\n\tdoors = 3\n\n\ndef red(x):\n    return x\n",
    "rst": lambda: _REST,
    "rtf": lambda: _RTF,
    "tex": lambda: _LATEX,
    "txt": lambda: _TEXT,
    "xlsx": xlsx,
    "zip": lambda: made_files.archive({"a.txt": _TEXT, "b/c.csv": _TABLE, "d.eml": _MAIL}),
}


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """The file after one to six kinds of damage; now and then noise alone, behind the file's first bytes."""
    place = st.integers(0, len(good))
    change = st.one_of(
        st.tuples(st.just("flip"), place, st.integers(1, 255)),
        st.tuples(st.just("cut"), place, st.just(0)),
        st.tuples(st.just("drop"), place, st.integers(1, 200)),
        st.tuples(st.just("double"), place, st.integers(1, 2000)),
        st.tuples(st.just("insert"), place, st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("splice"), place, st.sampled_from(_WORDS)),
    )
    changed = st.lists(change, min_size=1, max_size=6).map(lambda changes: _apply(good, changes))
    noise = st.tuples(st.integers(0, 16), st.binary(max_size=500)).map(lambda made: good[: made[0]] + made[1])
    return st.one_of(changed, changed, changed, noise)


def files(kind: str) -> st.SearchStrategy[bytes]:
    """Damaged files of that kind; half of them are damaged inside, where the checks of their container see nothing."""
    outside = damaged(SAMPLES[kind]())
    if kind in _PARTS:
        good = SAMPLES[kind]()
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            parts = {name: archive.read(name) for name in _PARTS[kind]}
        one = st.one_of([st.tuples(st.just(name), damaged(content)) for name, content in parts.items()])
        return st.one_of(outside, one.map(lambda part: with_parts(good, part)))
    if kind == "pdf":
        return st.one_of(outside, damaged(made_files.pdf_over()), damaged(_CONTENT).map(pdf))
    if kind in ("json", "jsonl"):
        return st.one_of(outside, _VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode()))
    return outside


_PARTS = {
    "docx": ("word/document.xml", "word/styles.xml", "word/_rels/document.xml.rels", "[Content_Types].xml"),
    "epub": ("META-INF/container.xml", "OEBPS/book.opf", "OEBPS/one.xhtml"),
    "odp": ("content.xml", "meta.xml"),
    "ods": ("content.xml",),
    "odt": ("content.xml", "meta.xml"),
    "pptx": ("ppt/slides/slide1.xml", "ppt/presentation.xml", "ppt/_rels/presentation.xml.rels"),
    "xlsx": ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"),
    "zip": ("a.txt", "d.eml"),
}
_CONTENT = b"BT /F 12 Tf 72 700 Td (One line.) Tj 0 -20 Td [(Two) -300 (w\\351rds)] TJ 1 0 0 1 9 9 Tm <41> Tj ET q Q"
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=["Cs"]))),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), inner)
    ),
)
_WORDS = [
    b"<", b">", b"&#x110000;", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b'"', b"\r", b"[[[[[[[[", b"{" * 50, b"-1",
    b"1e999", b"9" * 20, b"NaN", b" 0 R", b"endobj", b"/Kids[1 0 R]", b"PK\x03\x04", b"<!--", b"|" * 50, b"\n" * 50,
    "\u202e\u0301\ufdfa".encode(), b"=?utf-8?b?/w==?=", b"```", b"- " * 60, b"#" * 8, b"</main>", b"<table>" * 20,
]  # fmt: skip


def _apply(data: bytes, changes: list[tuple[str, int, object]]) -> bytes:
    for kind, place, value in changes:
        before, after = data[:place], data[place:]
        if kind == "flip" and after and isinstance(value, int):
            data = before + bytes([after[0] ^ value]) + after[1:]
        elif kind == "cut":
            data = before
        elif kind == "drop" and isinstance(value, int):
            data = before + after[value:]
        elif kind == "double" and isinstance(value, int):
            data = before + after[:value] + after
        elif isinstance(value, bytes):
            data = before + value + after
    return data


def check(sandbox: Parser, data: bytes, name: str) -> str:
    """'accepted' if something in the file was read, else 'refused'. Raises AssertionError where it breaks a promise."""
    started = _spent()
    try:
        members = list(sandbox.open(data, name))
    except InputError as error:
        members = [Member(name, refused=str(error))]
    reasons = [member.refused or _refusal(sandbox, member) for member in members]
    for reason in filter(None, reasons):
        assert "crashed" not in reason and "took more than" not in reason, reason  # noqa: PT018
        assert len(reason.splitlines()) == 1, f"a reason of several lines: {reason!r}"
    spent = _spent() - started
    assert spent < (_LONGEST_OCR if name.endswith((".pdf", ".png")) else LONGEST), f"{spent:.1f} s of processor time"
    return "refused" if all(reasons) else "accepted"


def _spent() -> float:
    """Seconds of processor time of this process, its children, and those of theirs that ended."""
    if not Path("/proc/self/stat").exists():
        return time.perf_counter()
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15])) if int(fields[1]) == os.getpid() else 0
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _refusal(sandbox: Parser, member: Member) -> str:
    """Why the file is refused, '' if it is read."""
    outcome = sandbox.submit(member.data, member.source).result()
    if outcome.error:
        assert str(outcome.error), "a refusal without a reason"
        return str(outcome.error)
    draft = outcome.document()
    spans = chunk(draft, "title", lambda text: len(text.split()), ChunkSettings())
    assert all(draft.text[one.start : one.end] == one.text for one in spans), "an offset is wrong"
    assert "".join(one.text for one in spans).split() == "".join(_covered(draft.text, spans)).split()
    assert spans, "accepted without a chunk"
    return ""


def _covered(text: str, spans: list) -> list[str]:  # type: ignore[type-arg]
    """All of the text but the white space between the chunks."""
    places = [0, *(place for one in spans for place in (one.start, one.end)), len(text)]
    gaps = [text[places[i] : places[i + 1]] for i in range(0, len(places), 2)]
    assert not "".join(gaps).strip(), "text outside of every chunk"
    return [one.text for one in spans]


def fuzz(sandbox: Parser, kind: str, examples: int, number: int, keep: Path | None = None) -> Counter[str]:
    """How many damaged files of that kind were accepted and refused. Raises AssertionError at the first that fails."""
    seen: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files(kind))
    def one(data: bytes) -> None:
        try:
            seen[check(sandbox, data, f"file.{kind}")] += 1
        except AssertionError:
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"failed.{kind}").write_bytes(data)
            raise

    one()
    return seen


def main() -> int:
    parsed = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parsed.add_argument("--examples", type=int, default=500, help="of each loader")
    parsed.add_argument("--loader", choices=sorted(SAMPLES), help="only this one")
    parsed.add_argument("--seed", type=int, default=1)
    parsed.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where files that fail are kept")
    asked = parsed.parse_args()
    failed = 0
    with parser(IngestSettings(workers=1, hidden_text="mark"), _LIMITS) as sandbox:
        for kind in [asked.loader] if asked.loader else sorted(SAMPLES):
            started = time.perf_counter()
            try:
                seen = fuzz(sandbox, kind, asked.examples, asked.seed, asked.keep)
            except AssertionError as error:
                failed += 1
                print(f"{kind:6} FAILED: {str(error).splitlines()[0]}", flush=True)
            else:
                spent = time.perf_counter() - started
                print(f"{kind:6} {seen['accepted']:5} accepted {seen['refused']:5} refused  {spent:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
