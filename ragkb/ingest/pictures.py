"""Pictures of a document's pages. A PDF from a stranger is drawn as it was parsed: in a process with limits."""

from __future__ import annotations

from ragkb.errors import InputError, NotFound
from ragkb.ingest.sandbox import InProcess, Sandbox
from ragkb.ingest.wire import Picture
from ragkb.settings import Settings
from ragkb.types import Document

LEAST_SCALE, MOST_SCALE = 0.25, 4.0
MOST_QUOTED = 20_000  # characters
DRAWN = "application/pdf"


class Pictures:
    """Draws pages, in a process that is started with the first of them and kept. Several threads may use it."""

    def __init__(self, settings: Settings) -> None:
        limits, ingest = settings.limits, settings.ingest
        self._sandbox = Sandbox(1, limits, "off") if ingest.workers else InProcess(limits, "off")

    def draw(self, data: bytes, picture: Picture) -> bytes:
        """The PNG. data: the PDF. Raises DocumentRefused, LimitExceeded."""
        return self._sandbox.draw(data, picture)

    def close(self) -> None:
        """Ends the process."""
        self._sandbox.__exit__(None, None, None)


def quoted(document: Document, page: int, quote: str, span: tuple[int, int] | None, scale: float) -> Picture:
    """What to draw. Raises NotFound for a document that has no pages to draw or not this one, InputError."""
    if document.info.media_type != DRAWN:
        kind = document.info.media_type
        raise NotFound(f"document {document.id!r} has no pages to draw", f"it is {kind}; pages of PDFs are drawn")
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        raise InputError(f"scale {scale} cannot be used", f"take one from {LEAST_SCALE} to {MOST_SCALE}")
    if not 1 <= page <= (document.info.pages or 0):
        raise NotFound(f"page {page} was not found", f"the document has {document.info.pages} pages")
    if span:
        quote = _on_page(document, page, *span)
    return Picture(page, quote[:MOST_QUOTED], scale)


def _on_page(document: Document, page: int, start: int, end: int) -> str:
    """The part of text[start:end] that stands on the page. Raises InputError for a span outside of the text."""
    if not 0 <= start < end <= len(document.text):
        raise InputError(f"{start}..{end} is no span of the text", f"it has {len(document.text)} characters")
    starts = (*document.page_starts, len(document.text))
    return document.text[max(start, starts[page - 1]) : min(end, starts[page])]
