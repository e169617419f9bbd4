"""What e-mails of every kind have in common: how a message is written, and what hangs on it, as on a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.types import Draft, Scalar

FILE_IN_PDF = b"EmbeddedFile"
"""Stands in a PDF that holds files, however it is packed: their streams may not be packed with other parts."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or message that hangs on a message. name: as the sender wrote it, may be empty."""

    name: str
    data: bytes


def write_head(builder: TextBuilder, subject: str, fields: Iterable[tuple[str, str]]) -> None:
    """Writes the subject as a heading and the fields that have a value as lines."""
    builder.heading(1, subject)
    for name, value in fields:
        if value.strip():
            builder.line(f"{name}: {value}")


def build(builder: TextBuilder, subject: str, sender: str, date: str, attachments: Sequence[Attachment]) -> Draft:
    """The Draft of a message; a warning names the attachments whose format is not read."""
    unread = [attachment.name or "without a name" for attachment in attachments if not is_read(attachment)]
    warnings = [f"attachments not read: {', '.join(unread)}"] if unread else []
    said = (("author", sender), ("date", iso_date(date)))
    metadata: dict[str, Scalar] = {name: value for name, value in said if value}
    return builder.build(subject, metadata, warnings)


def is_read(attachment: Attachment) -> bool:
    """True if the attachment's format is one that is read."""
    from ragkb.ingest.loaders import format_of  # which imports every loader but this one when it is needed

    try:
        return bool(format_of(attachment.data, attachment.name))
    except DocumentRefused:
        return False
