"""LaTeX: the words with section headings, lists and tables, without commands; formulas as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalker

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.charset import decode
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_LEVELS = {
    "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6,
    "frametitle": 3,
}  # fmt: skip
_VERBATIM = ("verbatim", "verbatim*", "lstlisting", "minted", "Verbatim")
_LISTS = {"itemize": "-", "description": "-", "enumerate": "1."}
_TABLES = ("tabular", "tabular*", "tabularx", "longtable", "tabulary", "array")
_LEFT_OUT = ("tikzpicture", "comment", "filecontents", "filecontents*", "pgfpicture", "thebibliography")
_SILENT = frozenset(
    "maketitle label index pagestyle thispagestyle vspace hspace newpage clearpage tableofcontents listoffigures "
    "listoftables centering noindent includegraphics bibliography bibliographystyle input include usepackage "
    "setlength newcommand renewcommand setcounter addcontentsline toprule midrule bottomrule hline cline cmidrule "
    "title author date documentclass hypersetup graphicspath".split()
)
_INPUT_ENCODING = re.compile(rb"\\usepackage\[(utf8|latin1|latin9|cp1252|cp1251|koi8-r|ansinew)\]\{inputenc\}")
_PREAMBLE = re.compile(r"\\(title|author|date)\s*(?:\[[^\]]{0,200}\])?\s*(?=\{)")
_REFERENCE = re.compile(
    r"\\(?:auto|c|C|eq|name|page|v)?(?:ref|cite[pt]?)\*?(?:\[[^\]\n]{0,99}\]){0,2}\{([^{}\n]{1,200})\}"
)
_BREAK = re.compile(r"\n[ \t]*\n")
_DEEPEST = 60


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of the document's body, or of the whole file where it has none. No other file is read."""
    declared = _INPUT_ENCODING.search(data[:20_000])
    codec = {"utf8": "utf-8", "latin9": "iso8859-15", "ansinew": "cp1252"}
    name = declared[1].decode() if declared else ""
    source = decode(data, codec.get(name, name)).replace("\r\n", "\n")
    about = _about(source)
    builder = TextBuilder(limits)
    if "title" in about:
        builder.heading(1, about["title"])
    begin, end = source.find(r"\begin{document}"), source.rfind(r"\end{document}")
    body = source[begin + len(r"\begin{document}") : end if end > begin else None] if begin >= 0 else source
    writer = _Writer(builder)
    writer.nodes(_parse(_with_names_of_references(body)))
    writer.flush()
    metadata: dict[str, Scalar] = {name: about[name] for name in ("author", "date") if about.get(name)}
    return builder.build(about.get("title", "") or builder.first_heading, metadata)


def _parse(source: str) -> Sequence[Any]:
    return LatexWalker(source).get_latex_nodes()[0] or []


def _with_names_of_references(source: str) -> str:
    r"""`\ref{tab:days}` as `[tab:days]`, since nothing is known of numbers."""
    return _REFERENCE.sub(r"[\1]", source)


def _about(source: str) -> dict[str, str]:
    """Title, author and date, as far as the source gives them."""
    found: dict[str, str] = {}
    for match in _PREAMBLE.finditer(source[:100_000]):
        walker = LatexWalker(source[match.end() : match.end() + 5_000])
        group = walker.get_latex_nodes(read_max_nodes=1)[0]
        text = " ".join(_plain(group).split()) if group else ""
        if text:
            found.setdefault(match[1], text)
    return found


def _plain(nodes: Sequence[Any]) -> str:
    text: str = LatexNodes2Text(math_mode="verbatim", keep_comments=False).nodelist_to_text(list(nodes))
    return text


class _Writer:
    """Walks the nodes; gathers inline ones, writes them when a block begins or ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[Any] = []
        self._marker: str | None = None
        self._depth = -1

    def nodes(self, nodes: Sequence[Any], level: int = 0) -> None:
        for node in nodes:
            self._node(node, level)

    def flush(self) -> None:
        """Writes the inline text that was gathered; a blank line in it ends a paragraph."""
        nodes, self._inline = self._inline, []
        for text in _BREAK.split(_plain(nodes)):
            if not text.strip():
                continue
            if self._marker is None:
                self._builder.paragraph(text)
            else:
                self._builder.item(text, self._depth, self._marker)
                self._marker = ""

    def _node(self, node: Any, level: int) -> None:
        kind = type(node).__name__
        if kind == "LatexMacroNode":
            self._macro(node)
        elif kind == "LatexEnvironmentNode" and level < _DEEPEST:
            self._environment(node, level)
        elif kind == "LatexGroupNode" and level < _DEEPEST and any(map(_is_block, node.nodelist)):
            self.nodes(node.nodelist, level + 1)
        elif kind != "LatexCommentNode":
            self._inline.append(node)

    def _macro(self, node: Any) -> None:
        name = node.macroname.rstrip("*")
        if name in _LEVELS:
            self.flush()
            self._builder.heading(_LEVELS[name], _plain(_arguments(node)[-1:]))
        elif name == "caption":
            self.flush()
            self._builder.paragraph(_plain(_arguments(node)[-1:]))
        elif name not in _SILENT:
            self._inline.append(node)

    def _environment(self, node: Any, level: int) -> None:
        name = node.environmentname
        if name in _LEFT_OUT:
            return
        self.flush()
        if name in _VERBATIM:
            self._builder.code(_verbatim(node))
        elif name in _LISTS:
            self._list(node, level)
        elif name in _TABLES:
            rows = [[" ".join(_plain(cell).split()) for cell in row] for row in _rows(node.nodelist)]
            self._builder.table(rows, header=tables.has_header(rows))
        elif name.rstrip("*") in ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "math"):
            self._builder.paragraph(node.latex_verbatim())
        else:
            self.nodes(node.nodelist, level + 1)
        self.flush()

    def _list(self, node: Any, level: int) -> None:
        self._depth += 1
        before, number = self._marker, 0
        for child in node.nodelist:
            if type(child).__name__ == "LatexMacroNode" and child.macroname == "item":
                self.flush()
                number += 1
                self._marker = f"{number}." if node.environmentname == "enumerate" else "-"
                self._inline += [argument for argument in _arguments(child) if argument is not None]
            else:
                self._node(child, level + 1)
        self.flush()
        self._depth -= 1
        self._marker = before


def _is_block(node: Any) -> bool:
    return type(node).__name__ == "LatexEnvironmentNode" or getattr(node, "macroname", "").rstrip("*") in _LEVELS


def _arguments(node: Any) -> list[Any]:
    return list(node.nodeargd.argnlist or []) if node.nodeargd else []


def _verbatim(node: Any) -> str:
    source = str(node.latex_verbatim())
    return source[source.find("}") + 1 : source.rfind("\\end")].strip("\n")


def _rows(nodes: Sequence[Any]) -> Iterator[list[list[Any]]]:
    """The cells of a table's rows, each as its nodes."""
    row: list[list[Any]] = [[]]
    for node in nodes:
        name = getattr(node, "macroname", None)
        if name == "\\":
            yield row
            row = [[]]
        elif getattr(node, "specials_chars", None) == "&":
            row.append([])
        elif name is None or name not in _SILENT:
            row[-1].append(node)
    yield row
