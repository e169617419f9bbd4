"""Comma, semicolon, tab or bar separated values as one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import characters
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_DELIMITERS = ",;\t|"
_SAMPLED = 50


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of one table; its header is the first row that reads like column names."""
    text = _keep_tabs(decode(data))
    builder = TextBuilder(limits)
    tables.write(builder, list(_reader(text, _delimiter(text))))
    return builder.build()


def _keep_tabs(text: str) -> str:
    """`text` with every character in normal form but the tabs, which may separate."""
    return "\t".join(characters(part) for part in text.split("\t"))


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The one that cuts the first rows into the same number of cells most often; a comma where none does."""

    def fit(delimiter: str) -> tuple[float, int]:
        rows = [row for row in islice(_reader(sample, delimiter), _SAMPLED) if row]
        widths = [len(row) for row in rows]
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (widths.count(common) / len(widths) if common > 1 else 0.0, common)

    sample = text[:100_000].rpartition("\n")[0] or text[:100_000]
    return max(_DELIMITERS, key=fit)
