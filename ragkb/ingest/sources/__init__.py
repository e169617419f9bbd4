"""Which files there are to ingest, what is said about them, and their bytes: from folders, object stores and the web.

`.ragkbignore` (gitignore's syntax) in any folder leaves files out, `ragkb-manifest.toml` in any folder and sidecars
give documents attributes (see rules.py). Manifests in the folders above an ingested one hold too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ragkb.errors import DocumentRefused, NotFound
from ragkb.ingest.sources import local, remote
from ragkb.ingest.sources.model import IGNORE, MANIFEST, SIDECAR, Attributes, Fetched, SourceFile
from ragkb.settings import IngestSettings, LimitSettings

__all__ = [
    "IGNORE", "MANIFEST", "SIDECAR", "Attributes", "Fetched", "SourceFile",
    "attributes", "covering", "existing", "fetch", "find", "is_address", "places", "read",
]  # fmt: skip


def find(
    paths: Iterable[str | Path], settings: IngestSettings | None = None, limits: LimitSettings | None = None
) -> Iterator[SourceFile]:
    """The files under `paths`, in the order given, inside a folder by the bytes of their path; each file once.

    A path is a file or folder, the address of one in an object store, or an HTTP(S) page or sitemap. A file's root is
    the folder. Hidden files, ignored files, manifests and sidecars are not documents. Links that leave the root, and
    whatever is no regular file, come as refused. Raises NotFound for a path that is missing, InputError for a manifest
    or ignore file that cannot be understood or an address that cannot be used: then nothing of its tree comes.
    """
    seen: set[tuple[str, str]] = set()
    for path in paths:
        for file in _under(path, settings or IngestSettings(), limits or LimitSettings()):
            if (file.root, file.source) not in seen:
                seen.add((file.root, file.source))
                yield file


def attributes(file: SourceFile) -> Attributes:
    """What the manifests above the file and its sidecar say about it."""
    return file.about


def fetch(file: SourceFile, limits: LimitSettings) -> Fetched:
    """The file's bytes, and a name whose extension tells their format.

    Raises DocumentRefused if it cannot be read now, LimitExceeded if it is too large.
    """
    file.check()
    if file.path is not None:
        return Fetched(local.read(file, file.path, limits), file.source)
    if file.fetch is None:
        raise DocumentRefused("cannot be read: it has no content")
    return file.fetch(limits)


def read(file: SourceFile, limits: LimitSettings) -> bytes:
    """The file's bytes; raises as `fetch`."""
    return fetch(file, limits).data


def existing(paths: Iterable[str | Path]) -> tuple[list[str | Path], list[str | Path]]:
    """(paths that exist or are addresses, paths that do not exist). Raises NotFound if there are only such."""
    given = list(paths)
    there = [path for path in given if is_address(path) or Path(path).exists()]
    missing = [path for path in given if not is_address(path) and not Path(path).exists()]
    if missing and not there:
        raise NotFound(f"{missing[0]}: no such file or folder", "check the path")
    return there, missing


def covering(place: str | Path) -> Callable[[str, str], bool]:
    """Tells of (root, source) if a document stored there lies in the folder, the store's folder or the sitemap."""
    if _is_web(place):
        import ragkb.ingest.sources.web as web

        return lambda root, source: web.covers(str(place), root)
    if is_remote(place):
        prefix = f"{remote.normal(str(place))}/"
        return lambda root, source: f"{root}/{source}".startswith(prefix)
    folder = _path(place)
    if not folder.is_dir():
        return lambda root, source: False
    real = folder.resolve()
    return lambda root, source: (Path(root) / source).is_relative_to(real)


def places(file: SourceFile, roots: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(root, source) under which the file would have been stored from other places than its own root.

    roots: those of stored documents. A file has the same name from a higher folder, a page from any sitemap.
    """
    if file.path is not None:
        for parent in Path(file.root).parents:
            if str(parent) in roots:
                yield str(parent), file.path.relative_to(parent).as_posix()
    elif _is_web(file.root):
        yield from ((root, file.source) for root in roots if _is_web(root))
    else:
        for root in roots:
            if is_remote(root) and file.root.startswith(f"{root}/"):
                yield root, f"{file.root.removeprefix(root)[1:]}/{file.source}"


def is_address(path: str | Path) -> bool:
    """True for "s3://bucket/folder", "https://example.com/" and the like."""
    return isinstance(path, str) and "://" in path


def is_remote(path: str | Path) -> bool:
    """True for an address that is no page and no file of this machine."""
    return is_address(path) and not _is_web(path) and not _is_file(path)


def _under(path: str | Path, settings: IngestSettings, limits: LimitSettings) -> Iterator[SourceFile]:
    if _is_web(path):
        import ragkb.ingest.sources.web as web

        return iter(web.find(str(path), settings.web, limits))
    return remote.find(str(path)) if is_remote(path) else local.find(_path(path))


def _is_web(path: str | Path) -> bool:
    return is_address(path) and str(path).lower().startswith(("http://", "https://"))


def _is_file(path: str | Path) -> bool:
    return is_address(path) and str(path).lower().startswith("file://")


def _path(path: str | Path) -> Path:
    return Path(str(path)[len("file://") :]) if _is_file(path) else Path(path)
