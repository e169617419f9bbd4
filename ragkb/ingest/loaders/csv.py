"""Comma, semicolon, tab or bar separated values as one table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ragkb.errors import LimitExceeded
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import characters
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_DELIMITERS = "\t;|,"  # what text itself holds least often comes first: it wins where two fit as well
_SAMPLED = 50
_WIDEST = 16_384  # cells of a row, as in a spreadsheet
_SAID = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of one table; its header is the first row that reads like column names."""
    text = _keep_tabs(decode(data))
    said = _SAID.match(text)  # what Excel writes for itself
    delimiter = said[1] if said else _delimiter(text)
    builder = TextBuilder(limits)
    tables.write(builder, list(_rows(text[said.end() :] if said else text, delimiter)))
    return builder.build()


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows. Raises LimitExceeded for one that is wider than any table."""
    for row in _reader(text, delimiter):
        if len(row) > _WIDEST:
            raise LimitExceeded(f"a row of {len(row)} cells, the limit is {_WIDEST}", "split the table")
        yield row


def _keep_tabs(text: str) -> str:
    """`text` with every character in normal form but the tabs, which may separate."""
    return "\t".join(characters(part) for part in text.split("\t"))


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The one that cuts the first rows into the same number of cells most often; a comma where none does."""

    def fit(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in islice(_reader(sample, delimiter), _SAMPLED))
        return max(((rows, width) for width, rows in widths.items() if width > 1), default=(0, 0))

    sample = text[:100_000].rpartition("\n")[0] or text[:100_000]
    return max(_DELIMITERS, key=fit)
