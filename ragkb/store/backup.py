"""One file that holds one moment of a knowledge base: the catalogue, from which the indexes are made again, the
original files that it lists, and the threshold that was fitted.

The file is a ZIP with catalogue.sqlite, manifest.json (format, generation, SHA-256, counts), originals/ and, if there
is one, threshold.json. Keys, audit and usage are left out: a copy of them would bring back keys revoked since. The
catalogue is taken by SQLite's VACUUM INTO from one read snapshot, so a writer neither waits nor shows half of a commit.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ragkb.errors import InputError, NotFound, StorageError
from ragkb.store import meta, originals
from ragkb.store.catalogue import CATALOGUE, Catalogue, sound
from ragkb.store.crashpoints import reached
from ragkb.store.files import make_folders, sha256_file, storage_errors, sync_file, sync_folder
from ragkb.store.migrate import migrate
from ragkb.store.reports import THRESHOLD
from ragkb.store.schema import FORMAT
from ragkb.store.store import Store
from ragkb.store.verify import verify

MANIFEST = "manifest.json"
WORKPLACE = ".ragkb-backup-"
ATTEMPTS = 5
_ORIGINAL = re.compile(rf"{originals.FOLDER}/([0-9a-f]{{64}})")
_KEYS = {"format", "generation", "documents", "chunks", "embedder", "sha256"}
# What zipfile raises for a file that is damaged, or packed in a way that it does not know.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    lzma.LZMAError,
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup file holds. sha256: of the catalogue in it. bytes: of the file."""

    file: str
    generation: int
    documents: int
    chunks: int
    embedder: str
    sha256: str
    bytes: int


def backup(store: Store, file: Path) -> Backup:
    """Writes the backup, whole or not at all. Raises InputError if the file exists, StorageError."""
    if file.exists():
        raise InputError(f"{file} exists", "name a new file")
    with storage_errors(file), _workplace(file.parent) as folder:
        packed = folder / "packed"
        for attempt in range(ATTEMPTS):
            try:
                manifest = _pack(store, folder / CATALOGUE, packed)
                break
            except FileNotFoundError:  # a writer has removed an original since the catalogue was copied
                if attempt == ATTEMPTS - 1:
                    raise
        sync_file(packed)
        reached("backup: packed")
        packed.rename(file)
        reached("backup: renamed")
        sync_folder(file.parent)
        return _backup(file, manifest)


def _pack(store: Store, copy: Path, packed: Path) -> dict[str, object]:
    """Copies the catalogue, and packs it with the originals that it lists. Returns the manifest."""
    copy.unlink(missing_ok=True)
    store.catalogue.copy_to(copy)
    reached("backup: catalogue copied")
    manifest, names = _manifest(copy)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(copy, CATALOGUE)
        archive.writestr(MANIFEST, json.dumps(manifest, sort_keys=True))
        for name in sorted(names):
            path = store.originals.folder / name
            if sha256_file(path) != name:
                raise StorageError(f"{path}: damaged, its SHA-256 is another", originals.REPAIR)
            archive.write(path, f"{originals.FOLDER}/{name}")
        with suppress(FileNotFoundError):
            archive.writestr(THRESHOLD, (store.folder / THRESHOLD).read_bytes())
    return manifest


def restore(file: Path, folder: Path) -> Backup:
    """Makes a knowledge base of the backup in a folder that is absent or empty, and verifies it.

    Raises NotFound, InputError if the folder is taken or the file is no backup, StorageError if the file is damaged.
    """
    if not file.is_file():
        raise NotFound(f"{file}: no such backup", "name a file that `ragkb backup` wrote")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty", "restore into a new folder, then change places")
    staging = folder.absolute().with_name(f".{folder.name}.restoring")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with storage_errors(folder):
            make_folders(staging)
            manifest = _unpack(file, staging)
            reached("restore: unpacked")
            _index(staging)
            reached("restore: indexed")
            sync_folder(staging)
            folder.mkdir(exist_ok=True)
            folder.rmdir()
            staging.rename(folder)
            reached("restore: renamed")
            sync_folder(staging.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return _backup(file, manifest)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A new hidden folder in `folder`, removed at the end. What a backup that died left there is removed as well."""
    for left in folder.glob(f"{WORKPLACE}*"):
        with suppress(Timeout, OSError), FileLock(left / "lock", timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=WORKPLACE) as made:
        lock = FileLock(Path(made) / "lock", timeout=0)
        with lock:
            yield Path(made)


def _manifest(copy: Path) -> tuple[dict[str, object], set[str]]:
    """(the manifest of a copied catalogue, the originals that it lists)."""
    held = Catalogue(copy)
    with held.read() as at, sound(copy):
        held.check_seal(at)
        values = meta.values(at)
        documents = at.execute("SELECT count(*) FROM documents").fetchone()[0]
        chunks = at.execute("SELECT count(*) FROM chunks").fetchone()[0]
        names = originals.names(at)
    held.close()
    for rest in ("-wal", "-shm"):
        copy.with_name(copy.name + rest).unlink(missing_ok=True)
    manifest = {
        "format": FORMAT,
        "generation": int(values["generation"]),
        "documents": documents,
        "chunks": chunks,
        "embedder": values["embedder"],
        "sha256": sha256_file(copy),
    }
    return manifest, names


def _unpack(file: Path, staging: Path) -> dict[str, object]:
    """Writes the catalogue of the backup into `staging`, checked against its manifest, and the originals."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest: dict[str, object] = dict(json.loads(archive.read(MANIFEST)))
            digest = _extract(archive, CATALOGUE, staging / CATALOGUE)
            names = [match[1] for match in map(_ORIGINAL.fullmatch, archive.namelist()) if match]
            beside = {name for name in archive.namelist() if not _ORIGINAL.fullmatch(name)} - {CATALOGUE, MANIFEST}
            if beside - {THRESHOLD}:
                raise ValueError(f"it holds {min(beside - {THRESHOLD})!r}, which no backup has")
            for name in beside:
                _extract(archive, name, staging / name)
            if names:
                make_folders(staging / originals.FOLDER)
            for name in names:
                _extract(archive, f"{originals.FOLDER}/{name}", staging / originals.FOLDER / name)
            if names:
                sync_folder(staging / originals.FOLDER)
    except _UNREADABLE as error:
        raise StorageError(f"{file}: damaged, or no backup ({error})", "take another backup file") from None
    if digest != manifest.get("sha256") or manifest.keys() != _KEYS:
        raise StorageError(f"{file}: damaged, its catalogue is not the one that was packed", "take another backup file")
    return manifest


def _extract(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    """Writes a file of the archive, durably; returns its SHA-256."""
    digest = hashlib.sha256()
    with archive.open(name) as packed, path.open("wb") as out:
        while block := packed.read(1 << 20):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _index(staging: Path) -> None:
    """Makes the indexes of an unpacked catalogue, of this format or an older one, and verifies the whole."""
    migrate(staging)
    store = Store(staging)
    try:
        with store.writing(recover=False) as writer:
            writer.rebuild()
        problems = verify(store)
    finally:
        store.close()
    if problems:
        first = problems[0]
        raise StorageError(f"the restored store is not whole: {first.where}: {first.what}", "take another backup file")


def _backup(file: Path, manifest: dict[str, object]) -> Backup:
    known = {key: value for key, value in manifest.items() if key != "format"}
    return Backup(file=str(file), bytes=file.stat().st_size, **known)  # type: ignore[arg-type]
