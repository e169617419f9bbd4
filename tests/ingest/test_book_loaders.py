"""EPUB, OpenDocument, RTF, MHTML, reStructuredText, LaTeX and source code."""

from __future__ import annotations

from pathlib import Path

import ingest_files as files
import more_files as make
import pytest

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.loaders import load
from ragkb.settings import LimitSettings
from ragkb.types import Draft

LIMITS = LimitSettings()


def draft(data: str | bytes, name: str) -> Draft:
    return load(data.encode() if isinstance(data, str) else data, name, LIMITS)


def headings(found: Draft) -> list[tuple[int, str]]:
    assert all(found.text.startswith(heading.title, heading.start) for heading in found.headings)
    return [(heading.level, heading.title) for heading in found.headings]


def page(found: Draft, number: int) -> str:
    starts = (*found.page_starts, len(found.text))
    return found.text[starts[number - 1] : starts[number]].strip()


# --- epub -------------------------------------------------------------------------------------------------------------


def test_epub_is_read_in_the_order_of_its_spine() -> None:
    found = draft(make.epub({"two": "<h1>Leave</h1><p>25 days.</p>", "one": "<h2>Sites</h2><p>年休假</p>"}), "a.epub")
    assert found.text == "Leave\n\n25 days.\n\nSites\n\n年休假"
    assert headings(found) == [(1, "Leave"), (2, "Sites")]
    assert (found.title, dict(found.metadata)) == ("The handbook", {"author": "Ana", "language": "en"})


def sealed(*paths: str, algorithm: str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc") -> dict[str, str]:
    parts = "".join(
        f'<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{algorithm}"/>'
        f'<CipherData><CipherReference URI="{path}"/></CipherData></EncryptedData>'
        for path in paths
    )
    return {"META-INF/encryption.xml": f"<encryption>{parts}</encryption>"}


def test_epub_with_rights_management_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="encrypted"):
        draft(make.epub({"one": "x"}, sealed("OEBPS/one.xhtml")), "a.epub")
    assert draft(make.epub({"one": "<p>x</p>"}, sealed("OEBPS/font.otf")), "a.epub").text == "x"


def test_epub_names_the_pages_that_it_lacks() -> None:
    def add(part: bytes) -> bytes:
        item = b'<item id="x" href="x.xhtml" media-type="text/html"/></manifest>'
        return part.replace(b"</manifest>", item).replace(b"</spine>", b'<itemref idref="x"/></spine>')

    data = files.with_part(make.epub({"one": "<p>here</p>"}), "OEBPS/book.opf", add)
    assert draft(data, "a.epub").warnings == ("pages that the book names but does not hold: OEBPS/x.xhtml",)


def test_epub_entities_are_not_expanded(tmp_path: Path) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY")

    def attack(part: bytes) -> bytes:
        doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}">]><package'.encode()
        return part.replace(b"<package", doctype).replace(b"The handbook", b"The &e; handbook")

    found = draft(files.with_part(make.epub({"one": "<p>here</p>"}), "OEBPS/book.opf", attack), "a.epub")
    assert "CANARY" not in found.text + found.title


# --- opendocument -----------------------------------------------------------------------------------------------------

_ODT = """
<text:tracked-changes><text:deletion><text:p>deleted</text:p></text:deletion></text:tracked-changes>
<text:h text:outline-level="1">Leave</text:h>
<text:p>Every<text:s text:c="3"/>employee<text:note><text:note-citation>1</text:note-citation><text:note-body>
<text:p>Also interns.</text:p></text:note-body></text:note> has 25<text:line-break/>days.
<office:annotation><text:p>a comment</text:p></office:annotation></text:p>
<text:list text:style-name="N"><text:list-item><text:p>ask</text:p><text:list><text:list-item><text:p>early</text:p>
</text:list-item></text:list></text:list-item><text:list-item><text:p>wait</text:p></text:list-item></text:list>
<text:section><text:h text:outline-level="2">Sites</text:h></text:section>
<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Site</text:p></table:table-cell>
<table:table-cell><text:p>Days</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>Brno</text:p></table:table-cell>
<table:table-cell><text:p>25</text:p></table:table-cell></table:table-row>
<table:table-row><table:covered-table-cell/><table:table-cell><text:p>26</text:p></table:table-cell></table:table-row>
</table:table>"""
_NUMBERED = '<text:list-style style:name="N"><text:list-level-style-number/></text:list-style>'


def test_odt_in_document_order() -> None:
    found = draft(make.odf("text", _ODT, _NUMBERED), "a.odt")
    assert found.text == (
        "Leave\n\nEvery employee[1] has 25\ndays.\n\n1. ask\n  1. early\n2. wait\n\nSites\n\n"
        "| Site | Days |\n| Brno | 25 |\n| Brno | 26 |\n\n[1] Also interns."
    )
    assert headings(found) == [(1, "Leave"), (2, "Sites")]
    assert (found.title, dict(found.metadata)) == ("Policy", {"author": "Ana"})


def cells(*texts: str) -> str:
    return "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)


def row(content: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{content}</table:table-row>"


def test_ods_sheets_are_pages() -> None:
    dated = 'office:value-type="date" office:date-value="2026-03-01"'
    date = f"<table:table-cell {dated}><text:p>1.3.26</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    sheet = (
        '<table:table table:name="Prices"><table:table-column/><table:table-column/>'
        '<table:table-column table:visibility="collapse" table:number-columns-repeated="1000"/>'
        + row(cells("Item", "Since", "Secret"))
        + row(cells("Pump") + date)
        + row(cells("Fan", "x"), 'table:visibility="filter"')
        + row(empty, 'table:number-rows-repeated="1048000"')
        + "</table:table>"
    )
    hidden = f'<table:table table:name="Secret" table:style-name="H">{row(cells("salary"))}</table:table>'
    style = '<style:style style:name="H"><style:table-properties table:display="false"/></style:style>'
    found = draft(make.odf("spreadsheet", sheet + hidden, style), "a.ods")
    assert page(found, 1) == "Prices\n\n| Item | Since |\n| Pump | 2026-03-01 |"
    assert len(found.page_starts) == 2
    assert found.warnings == ("hidden sheets left out: Secret", "2 hidden rows and columns left out")


def test_ods_of_repeated_cells_does_not_fill_the_memory() -> None:
    wide = '<table:table-cell table:number-columns-repeated="16000"><text:p>x</text:p></table:table-cell>'
    tall = row(wide, 'table:number-rows-repeated="1000000"')
    with pytest.raises(LimitExceeded):
        draft(make.odf("spreadsheet", f"<table:table>{tall}</table:table>"), "a.ods")


def test_odp_slides_are_pages() -> None:
    slide = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Plan</text:p></draw:text-box>'
        "</draw:frame>"
        "<draw:frame><draw:text-box><text:list><text:list-item><text:p>First</text:p></text:list-item></text:list>"
        "</draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Say hello</text:p>"
        "</draw:text-box></draw:frame></presentation:notes></draw:page>"
    )
    box = "<draw:frame><draw:text-box><text:p>no</text:p></draw:text-box></draw:frame>"
    hidden = f'<draw:page draw:style-name="H">{box}</draw:page>'
    style = (
        '<style:style style:name="H"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    found = draft(make.odf("presentation", slide + hidden, style), "a.odp")
    assert page(found, 1) == "Plan\n\n- First\n\nNotes:\nSay hello"
    assert found.warnings == ("hidden slides left out: 2",)


def test_odf_with_a_password_is_refused() -> None:
    extra = {"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"}
    with pytest.raises(DocumentRefused, match="password"):
        draft(make.odf("text", "<text:p>x</text:p>", extra=extra), "a.odt")


# --- rtf --------------------------------------------------------------------------------------------------------------

_RTF = rb"""{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset134 SimSun;}
{\f2\fcharset204 Arial Cyr;}}
{\colortbl;\red0\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\sbasedon0 heading 1;}}
{\info{\title Leave policy}{\author Ana}{\operator Bo}}{\header top}{\*\generator Word;}
\pard\plain\s1 Annual leave\par
\pard\plain\f0 Caf\'e9 \u8212 - {\b bold} {\v hidden}{\deleted gone}text\'85{\f1 \'c4\'ea\'d0\'dd\'bc\'d9}
{\f2 \'ce\'f2}\u-10179?\u-8704?.\line
next{\footnote \pard{\super\chftn} The note.}\par
{\listtext\'b7\tab}\pard Brno\par
{\listtext 2.\tab}\pard Prague\par
{\field{\*\fldinst HYPERLINK "https://x"}{\fldrslt the page}}{\pict\wmetafile8 0102}\par
\trowd\cellx100\cellx200\pard\intbl Site\cell Days\cell\row\trowd\pard\intbl Brno\cell 25\cell\row
\pard\outlinelevel1 Sites\par\pard End.}"""


def test_rtf() -> None:
    found = draft(_RTF, "a.rtf")
    assert found.text == (
        "Annual leave\n\nCafé — bold text…年休假От😀.\nnext[1]\n\n- Brno\n2. Prague\n\nthe page\n\n"
        "| Site | Days |\n| Brno | 25 |\n\nSites\n\nEnd.\n\n[1] The note."
    )
    assert headings(found) == [(1, "Annual leave"), (2, "Sites")]
    assert (found.title, dict(found.metadata)) == ("Leave policy", {"author": "Ana"})


def test_rtf_in_the_code_page_of_the_document() -> None:
    raw = "员工每年享有年休假，详见手册。".encode("gb18030")
    assert draft(rb"{\rtf1\ansi\ansicpg936 " + raw + rb"\par}", "a.rtf").text == "员工每年享有年休假，详见手册。"


def test_rtf_is_told_by_its_content() -> None:
    found = draft(rb"{\rtf1 hello}", "a.txt")
    assert (found.text, found.warnings) == ("hello", ("read as RTF, which its content is",))


def test_damaged_rtf_is_read_as_far_as_it_goes_or_refused() -> None:
    assert draft(rb"{\rtf1 }}}}a\u8212", "a.rtf").text == "a—"
    assert draft(rb"{\rtf1 a\bin99999999999 b", "a.rtf").text == "a"
    for data in (b"{\\rtf1 " + b"{" * 6000, b"{\\rtf1"):
        with pytest.raises(DocumentRefused):
            draft(data, "a.rtf")


# --- mhtml ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_mhtml_is_its_page(charset: str) -> None:
    found = draft(
        make.mhtml("<html><head><title>休假</title></head><body><nav>x</nav><h1>年休假</h1></body></html>", charset),
        "a.mht",
    )
    assert (found.text, found.title) == ("年休假", "休假")
    assert dict(found.metadata) == {"url": "https://intranet.example.com/leave"}


def test_mhtml_is_told_by_its_content() -> None:
    found = draft(make.mhtml("<html><body><p>days</p></body></html>"), "a.txt")
    assert (found.text, found.warnings) == ("days", ("read as MHTML, which its content is",))


# --- restructuredtext -------------------------------------------------------------------------------------------------

_RST = """
Leave
=====

Every employee has *25* days, see :ref:`the sites <sites>`.

.. note:: Ask early.

Sites
-----

- Brno

  - centre
#. first
#. second

.. list-table::
   :header-rows: 1

   * - Site
     - Days
   * - Brno
     - 25

.. code-block:: python

   def x():
       return 1

.. seealso:: The handbook.

.. versionadded:: 2.1

.. include:: /etc/hostname
.. raw:: html
   :file: /etc/hostname
.. toctree::

   other
"""


def test_rst() -> None:
    found = draft(_RST, "a.rst")
    assert found.text == (
        "Leave\n\nEvery employee has 25 days, see the sites.\n\nNote:\n\nAsk early.\n\nSites\n\n- Brno\n  - centre\n"
        "1. first\n2. second\n\n| Site | Days |\n| Brno | 25 |\n\ndef x():\n    return 1\n\nThe handbook.\n\n"
        "Added in 2.1"
    )
    assert headings(found) == [(1, "Leave"), (2, "Sites")]
    assert found.tables[0].header == "| Site | Days |"


# --- latex ------------------------------------------------------------------------------------------------------------

_TEX = r"""
\documentclass{article}
\title{Leave \emph{policy} of M\"uller}
\author{Ana}
\begin{document}
\maketitle
\section{Annual leave}\label{sec:a}
Every employee has \textbf{25 days}~of leave, 5\,\%, see~\ref{sec:a}. % hidden
It is $a^2$.

\begin{itemize}\item Brno \item Prague \begin{enumerate}\item one\end{enumerate}\end{itemize}
\begin{tabular}{lr}\hline Site & Days \\ Brno & 25 \\ \hline\end{tabular}
\begin{verbatim}
if x:
    y()
\end{verbatim}
\subsection*{中文}\input{/etc/hostname}
年休假。
\end{document}
left out
"""


def test_latex() -> None:
    found = draft(_TEX, "a.tex")
    assert found.text == (
        "Leave policy of Müller\n\nAnnual leave\n\nEvery employee has 25 days of leave, 5 %, see [sec:a]. "
        "It is $a^2$.\n\n"
        "- Brno\n- Prague\n  1. one\n\n| Site | Days |\n| Brno | 25 |\n\nif x:\n    y()\n\n中文\n\n年休假。"
    )
    assert headings(found) == [(1, "Leave policy of Müller"), (2, "Annual leave"), (3, "中文")]
    assert (found.title, dict(found.metadata)) == ("Leave policy of Müller", {"author": "Ana"})


# --- source code ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source", "language", "expected"),
    [
        ("a.py", "import o\n\n\n\nclass A(B):\n\tx = 1\n\nasync def b():\n  x\n", "Python", ["class A", "async def b"]),
        ("a.ts", "export class A {}\nexport enum B {}\n", "TypeScript", ["export class A", "export enum B"]),
        ("a.go", "package main\n\nfunc (s *Server) Run() {}\n", "Go", ["package main", "func (s *Server) Run"]),
        ("a.sql", "create table leave (days int);\n", "SQL", ["create table leave"]),
        ("a.toml", "[limits]\ndays = 25\n", "TOML", ["[limits]"]),
        ("a.yaml", "leave:\n  days: 25\n", "YAML", []),
    ],
)  # fmt: skip
def test_source_code(name: str, source: str, language: str, expected: list[str]) -> None:
    found = draft(source, name)
    assert found.text == source.replace("\t", "    ").replace("\n\n\n\n", "\n\n").strip()
    assert dict(found.metadata) == {"programming_language": language}
    assert [title for _, title in headings(found)] == expected


def test_a_log_keeps_its_lines() -> None:
    assert draft("12:00 start\n12:01   stop\n", "a.log").text == "12:00 start\n12:01 stop"
