"""The lexical index: BM25 (k1 = 1.2, b = 0.75) by tantivy over the terms that `text.tokens` makes.

The first row of each document also carries what the document is about as a whole (text/about.py), in its own field.

Every row carries the groups that may read it, so that a search sees only what its principal may see. Rows that the
catalogue does not show (deleted, or not committed yet) are dropped by the caller's bitmap.
"""

from __future__ import annotations

import errno
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from ragkb.errors import StorageError
from ragkb.store.crashpoints import reached
from ragkb.store.files import sha256_file, storage_errors, sync_folder
from ragkb.store.lexical_search import PUBLIC, LexicalSearcher, group_term
from ragkb.store.records import IndexFile

ANALYZER = "terms"
TERMS = "3"
"""How terms are made now; a writer makes an index of other terms anew. 1, or none: English stems in every language."""
HEAP = 64_000_000
_SEGMENT_FILE = re.compile(r"[0-9a-f]{32}\..*")
REPAIR = "run `ragkb doctor --rebuild`"


def new_lexical_folder() -> str:
    """A name that no lexical index had before."""
    return f"lexical-{secrets.token_hex(8)}"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_unsigned_field("document", indexed=True)
    builder.add_text_field("access", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("terms", tokenizer_name=ANALYZER, index_option="freq")
    builder.add_text_field("about", tokenizer_name=ANALYZER, index_option="basic")
    return builder.build()


@dataclass(frozen=True, slots=True)
class LexicalRow:
    """One chunk as it is indexed. about: of its document, on the document's first chunk alone."""

    chunk: int
    document: int
    groups: tuple[str, ...]
    terms: Sequence[str]
    about: Sequence[str] = ()


class LexicalIndex:
    """The index in one folder. Reading is safe from several threads; writing needs the writer's lock."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Raises FileNotFoundError if there is none and `create` is false, StorageError."""
        self.folder = folder
        if create:
            with storage_errors(folder):
                folder.mkdir(parents=True)
                sync_folder(folder.parent)
        elif not (folder / "meta.json").exists():
            raise FileNotFoundError(errno.ENOENT, "no lexical index", str(folder))
        try:
            self._index = tantivy.Index(_schema(), path=str(folder))
        except (ValueError, OSError) as error:
            raise StorageError(
                f"{folder / 'meta.json'}: the lexical index cannot be opened ({error})", REPAIR
            ) from None
        whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer(ANALYZER, whitespace)

    def searcher(self) -> LexicalSearcher:
        """A view of the last commit; it does not change when the index does. Raises FileNotFoundError, StorageError."""
        try:
            self._index.reload()
            return LexicalSearcher(self._index.searcher(), self._index.schema)
        except ValueError as error:
            if not (self.folder / "meta.json").exists():  # a rebuild has put another folder in its place
                raise FileNotFoundError(errno.ENOENT, "no lexical index", str(self.folder)) from None
            raise StorageError(f"{self.folder}: the lexical index cannot be read ({error})", REPAIR) from None

    def write(
        self,
        rows: Iterable[LexicalRow],
        removed_documents: Iterable[int] = (),
        phantoms_above: int | None = None,
    ) -> None:
        """Adds rows, removes documents, commits durably, waits for merges.

        phantoms_above: also removes every chunk with a greater number, left by a writer that died.
        """
        writer = None
        try:
            writer = self._index.writer(HEAP, 1)
            for document in removed_documents:
                writer.delete_documents_by_term("document", document)
            if phantoms_above is not None:
                kind = tantivy.FieldType.Unsigned
                query = tantivy.Query.range_query(self._index.schema, "chunk", kind, lower_bound=phantoms_above + 1)
                writer.delete_documents_by_query(query)
            for row in rows:
                writer.add_document(_document(row))
            reached("lexical: rows handed over")
            writer.commit()
            reached("lexical: committed")
            writer.wait_merging_threads()
            sync_folder(self.folder)  # subtle: tantivy renames meta.json last and does not make that durable
        except (ValueError, OSError) as error:
            # subtle: tantivy reports every failure, a full disk included, as ValueError; the writer is dead afterwards
            raise StorageError(
                f"{self.folder}: the lexical index cannot be written ({error})", "check the disk"
            ) from None
        finally:
            del writer  # subtle: it holds tantivy's lock for as long as the error's traceback holds it

    def remove_remains(self) -> None:
        """Removes the files that the last commit does not name. Needs the writer's lock. Raises StorageError.

        subtle: tantivy names a file of deletions after a number that counts what was written. A writer that died
        between that file and meta.json leaves it under the name that the next one wants, which would then be refused.
        """
        with storage_errors(self.folder):
            named = _named((self.folder / "meta.json").read_bytes())
            for path in self.folder.iterdir():
                if _SEGMENT_FILE.fullmatch(path.name) and not named(path.name):
                    path.unlink(missing_ok=True)

    def files(self, known: Mapping[str, IndexFile]) -> list[IndexFile]:
        """The files that make up the index, by name; locks and what tantivy had begun to write are left out.

        known: what was found before, by name. A file that never changes under its name is not read again.
        """
        paths = (path for path in self.folder.iterdir() if path.is_file())
        kept = sorted(path for path in paths if path.suffix != ".lock" and not path.name.startswith(".tmp"))
        return [_listed(path, known.get(path.name)) for path in kept]


def _document(row: LexicalRow) -> tantivy.Document:
    made = tantivy.Document()
    made.add_unsigned("chunk", row.chunk)
    made.add_unsigned("document", row.document)
    for access in map(group_term, row.groups) if row.groups else (PUBLIC,):
        made.add_text("access", access)
    made.add_text("terms", " ".join(row.terms))
    if row.about:
        made.add_text("about", " ".join(row.about))
    return made


def _named(meta: bytes) -> Callable[[str], bool]:
    """Whether tantivy's meta.json names a segment's file: `ID.extension`, or `ID.number.del`. Raises StorageError."""
    try:
        segments = json.loads(meta)["segments"]
        deletions = {one["segment_id"].replace("-", ""): (one["deletes"] or {}).get("opstamp") for one in segments}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"meta.json of the lexical index cannot be understood ({error})", REPAIR) from None

    def named(name: str) -> bool:
        segment, _, rest = name.partition(".")
        return segment in deletions and (not rest.endswith(".del") or rest == f"{deletions[segment]}.del")

    return named


def _listed(path: Path, old: IndexFile | None) -> IndexFile:
    size = path.stat().st_size
    if old and old.bytes == size and path.suffix != ".json":
        return old
    return IndexFile(path.name, sha256_file(path), size, 0)
