"""An e-mail: subject, who and when, and the text. Attachments are named, not read."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders import html
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_SHOWN = ("From", "To", "Cc", "Date")


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of one message; its plain text where it has one, else its HTML."""
    message = message_from_bytes(data, policy=default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise DocumentRefused("broken EML: no header lines")
    builder = TextBuilder(limits)
    subject = str(message.get("Subject", ""))
    builder.heading(1, subject)
    for name in _SHOWN:
        if message.get(name):
            builder.line(f"{name}: {message[name]}")
    _write_body(message, builder)
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    warnings = [f"attachments not read: {', '.join(names)}"] if names else []
    day = iso_date(str(message.get("Date", "")))
    return builder.build(subject, {"date": day} if day else {}, warnings)


def _write_body(message: EmailMessage, builder: TextBuilder) -> None:
    body = message.get_body(("plain", "html"))
    if body is None:
        return
    content = str(body.get_content())
    if body.get_content_subtype() == "html":
        html.write(content, builder)
    else:
        builder.paragraph(content)
