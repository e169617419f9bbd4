"""Web archives: the page of a MIME message, without its pictures and styles."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import html
from ragkb.ingest.loaders.eml import text_of
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the page that the archive starts with; its address as metadata."""
    message = message_from_bytes(data, policy=default)
    page = _page(message) if isinstance(message, EmailMessage) else None
    if page is None or not isinstance(message, EmailMessage):
        raise DocumentRefused("broken MHTML: it holds no page")
    builder = TextBuilder(limits, keeps_hidden)
    title, metadata = html.write_page(text_of(page), builder)
    address = str(message.get("Snapshot-Content-Location") or page.get("Content-Location") or "")
    found: dict[str, Scalar] = {**metadata, "url": address} if address.startswith("http") else metadata
    return builder.build(title or str(message.get("Subject", "")) or builder.first_heading, found)


def _page(message: EmailMessage) -> EmailMessage | None:
    """The part that the message names as its start if that is a page, else the first page."""
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    start = message.get_param("start")
    named = (page for page in pages if start and page.get("Content-ID") == start)
    found = next(named, pages[0] if pages else None)
    return found if isinstance(found, EmailMessage) else None
