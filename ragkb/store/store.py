"""The store: one folder, one writer, any number of readers, each on one generation."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragkb.errors import InputError, NotFound, StorageError
from ragkb.store import documents, meta, models, originals, snapshot
from ragkb.store.catalogue import CATALOGUE, GENERATION, STAGING, Catalogue, sound
from ragkb.store.crashpoints import reached
from ragkb.store.files import make_folders, sha256_file, storage_errors, sync_folder
from ragkb.store.lexical import REPAIR, LexicalIndex, new_lexical_folder
from ragkb.store.lexical_search import LexicalSearcher
from ragkb.store.lock import writer_lock
from ragkb.store.models import Model
from ragkb.store.originals import FOLDER, Originals
from ragkb.store.reader import Reader
from ragkb.store.records import Known
from ragkb.store.reports import NIGHTLY
from ragkb.store.snapshot import Snapshot
from ragkb.store.writer import Writer

RETRIES = 5
_LOCK_FILES = ("writer.lock", "writer.json")
_BEGINNINGS = re.compile(
    rf"vectors|lexical-[0-9a-f]{{16}}|{re.escape(STAGING)}(-journal)?|{NIGHTLY}|\.?{GENERATION}(\.new)?"
)


class Store:
    """One knowledge base on disk. Safe to share between threads; any number of processes may open it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue(folder / CATALOGUE)
        self.originals = Originals(folder)
        self.catalogue.check()
        self._lexical: LexicalIndex | None = None
        self._snapshot: Snapshot | None = None
        self._sound: set[tuple[str, str, str]] = set()  # files of the lexical index that were found whole
        self._refresh = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing knowledge base. Raises NotFound, InputError if the folder is something else, StorageError."""
        if not folder.exists():
            raise NotFound(f"{folder}: no knowledge base here", f"make one with `ragkb ingest PATH --kb {folder}`")
        if not folder.is_dir():
            raise InputError(f"{folder}: a file, not a knowledge base", "name a folder")
        if not (folder / CATALOGUE).exists():
            if not _is_beginning(folder):
                if (folder / "vectors").is_dir():
                    raise StorageError(f"{folder / CATALOGUE}: missing", "restore a backup")
                raise InputError(f"{folder}: a folder that is not a knowledge base", "name another or an empty folder")
            raise NotFound(f"{folder}: an empty folder, no knowledge base", "ingest documents into it first")
        return cls(folder)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a knowledge base in the folder."""
        return (folder / CATALOGUE).exists()

    @classmethod
    def create(cls, folder: Path, embedder: str, dim: int, precision: str = "", name: str = "") -> Store:
        """A new, empty knowledge base; an existing one is opened. name: the setting that loads the embedder.

        Raises InputError, StorageError.
        """
        try:
            make_folders(folder)
            taken = (folder / CATALOGUE).exists() or not _is_beginning(folder)
        except FileExistsError:
            raise InputError(f"{folder}: a file, not a folder", "name a folder") from None
        except OSError as error:
            raise StorageError(f"{folder}: cannot be made ({error.strerror})", "check its permissions") from None
        if taken:
            return cls.open(folder)
        with writer_lock(folder), storage_errors(folder):
            if not (folder / CATALOGUE).exists():
                reached("create: locked")
                (folder / "vectors").mkdir(exist_ok=True)
                lexical = LexicalIndex(folder / new_lexical_folder(), create=True)
                files = lexical.files({})
                reached("create: lexical index made")
                model = models.first(embedder, precision, name, dim)
                Catalogue.create(folder / CATALOGUE, model, (lexical.folder.name, files))
                sync_folder(folder.parent)
        return cls.open(folder)

    def close(self) -> None:
        """Frees the connections. The store cannot be used afterwards."""
        self.catalogue.close()
        self._snapshot = None

    def bytes_on_disk(self) -> dict[str, int]:
        """Bytes of the catalogue, of the vectors, of the lexical index and of the original files."""
        parts = {
            "catalogue": f"{CATALOGUE}*",
            "vectors": "vectors/*",
            "lexical": "lexical-*/*",
            "originals": f"{FOLDER}/*",
        }
        return {name: sum(map(_size, self.folder.glob(glob))) for name, glob in parts.items()}

    def model(self) -> Model:
        """The model in force now; another process may change it."""
        with self.catalogue.read() as at, sound(self.catalogue.path):
            return models.in_force(at)

    @property
    def embedder(self) -> str:
        """The key of its vectors in the catalogue."""
        return self.model().key

    def lexical(self, record: meta.Record) -> LexicalIndex:
        """The lexical index in force. Raises FileNotFoundError if a newer commit has replaced it."""
        path = self.folder / record.lexical_files[0]
        held = self._lexical
        if held is None or held.folder != path:
            held = self._lexical = LexicalIndex(path)
        return held

    # --- recognising ----------------------------------------------------------------------------------------------

    def known(self) -> list[Known]:
        """What is stored, by root and source."""
        with self.catalogue.read() as at, sound(self.catalogue.path):
            return list(documents.known(at))

    def known_at(self, root: str, source: str) -> Known | None:
        """What is stored at that place."""
        with self.catalogue.read() as at, sound(self.catalogue.path):
            return documents.known_at(at, root, source)

    def known_beneath(self, root: str, source: str) -> list[Known]:
        """What is stored with a source that goes on after `source` and a slash, by source."""
        with self.catalogue.read() as at, sound(self.catalogue.path):
            return list(documents.known_beneath(at, root, source))

    def known_by_content(self, sha256: str) -> list[Known]:
        """What is stored of a file with these bytes, by root and source."""
        with self.catalogue.read() as at, sound(self.catalogue.path):
            return documents.known_by_content(at, sha256)

    def keeps_original(self, sha256: str) -> bool:
        """Whether the file with these bytes is kept for a document."""
        with self.catalogue.read() as at:
            return originals.is_listed(at, sha256)

    def roots(self) -> list[str]:
        """The roots under which documents are stored, sorted."""
        with self.catalogue.read() as at:
            return documents.roots(at)

    # --- reading --------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One read transaction: everything read belongs to one generation, the newest when it began."""
        for attempt in range(RETRIES):
            with self.catalogue.read() as at:
                try:
                    with sound(self.catalogue.path):
                        held = self._current(at, last=attempt == RETRIES - 1)
                except FileNotFoundError as error:
                    # subtle: a newer commit may have merged a segment away before we read it; begin again
                    if attempt == RETRIES - 1:
                        raise StorageError(f"{error.filename}: missing", REPAIR) from None
                    continue
                except OSError as error:
                    raise StorageError(f"{error.filename or self.folder}: {error.strerror or error}", REPAIR) from error
                if held is None:
                    continue
                yield Reader(self, at, held)
                return

    def _current(self, at: sqlite3.Connection, last: bool) -> Snapshot | None:
        """The snapshot of the generation that `at` sees; None if a newer commit came in between, unless `last`."""
        generation = meta.generation(at)
        held = self._snapshot
        if held and held.generation == generation:
            return held
        with self._refresh:
            held = self._snapshot
            if held and held.generation == generation:
                return held
            self.catalogue.check_log(at)
            old = held if held and held.generation < generation else None
            record = meta.record(at)
            same = old is not None and old.lexical_files == record.lexical_files
            searcher = old.lexical if old and same else self._searcher(record)
            made = snapshot.load(at, self.folder, record, searcher, old)
            if not same and not last and self._generation() != generation:
                # subtle: the lexical index may be that of a newer commit, without documents that `at` still shows
                return None
            if held is None or held.generation < generation:
                self._snapshot = made
            return made

    def _generation(self) -> int:
        with self.catalogue.read() as at:
            return meta.generation(at)

    def _searcher(self, record: meta.Record) -> LexicalSearcher:
        self.check_lexical(record)
        return self.lexical(record).searcher()

    def check_lexical(self, record: meta.Record) -> None:
        """Raises StorageError if a file of the lexical index is damaged. What never changes is read once.

        Comes before the index is opened: tantivy panics over damaged files.
        """
        folder, files = record.lexical_files
        inside, at_rest, sound = self.folder / folder, not record.pending, set()
        for file in files:
            key = (folder, file.name, file.sha256)
            if key in self._sound:
                sound.add(key)
                continue
            path = inside / file.name
            try:
                digest = sha256_file(path)
            except FileNotFoundError:
                at_rest = at_rest and self._is_at_rest(record)
                if at_rest:  # else a newer commit has merged it away
                    raise StorageError(f"{path}: missing", REPAIR) from None
                continue
            if digest == file.sha256:
                if path.suffix != ".json":
                    sound.add(key)
            elif path.suffix != ".json" or (at_rest and self._is_at_rest(record)):
                raise StorageError(f"{path}: damaged, its SHA-256 is not {file.sha256[:12]}…", REPAIR)
        self._sound = sound

    def _is_at_rest(self, seen: meta.Record) -> bool:
        """Whether no writer has touched the lexical index since the transaction that saw `seen` began."""
        with self.catalogue.read() as at:
            now = meta.record(at)
        return now.lexical_files == seen.lexical_files and not now.pending

    # --- writing --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, recover: bool = True) -> Iterator[Writer]:
        """The only writer. Raises Busy. What a writer that died left behind is removed first, if `recover`."""
        with writer_lock(self.folder):
            writer = Writer(self)
            if recover:
                writer.recover()
            try:
                yield writer
            except KeyboardInterrupt:
                writer.recover()  # interrupted by its user, not killed: there is time to tidy up
                raise
            finally:
                with suppress(StorageError):  # then the next writer removes what is listed nowhere
                    writer.tidy()


def _is_beginning(folder: Path) -> bool:
    """Whether the folder holds nothing, or what a process left that died while it made a knowledge base here."""
    names = [path.name for path in folder.iterdir() if path.name not in _LOCK_FILES]
    return all(map(_BEGINNINGS.fullmatch, names)) and not any((folder / "vectors").glob("*"))


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):  # a writer may have removed it just now
        return path.stat().st_size
    return 0
