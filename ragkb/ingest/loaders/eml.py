"""An e-mail: subject, who and when, and the text. Attachments become documents of their own (`members.expand`)."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import html, mail
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.loaders.mail import Attachment
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_SHOWN = ("From", "To", "Cc", "Date")


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of one message; its plain text where it has one, else its HTML. Pictures inside the text are left out."""
    message = _message(data)
    builder = TextBuilder(limits, keeps_hidden)
    subject = str(message.get("Subject", ""))
    mail.write_head(builder, subject, [(name, str(message.get(name, ""))) for name in _SHOWN])
    _write_body(message, builder)
    sender, date = str(message.get("From", "")), str(message.get("Date", ""))
    return mail.build(builder, subject, sender, date, list(attachments(data)))


def attachments(data: bytes) -> Iterator[Attachment]:
    """What hangs on the message, messages too. Pictures that belong into its HTML are none."""
    for part in _message(data).iter_attachments():
        if part.get_content_maintype() == "image" and part.get("Content-ID") and not part.is_attachment():
            continue
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            subject = str(inner.get("Subject", "")) if isinstance(inner, EmailMessage) else ""
            name = part.get_filename() or subject or "message"
            whole = inner.as_bytes() if isinstance(inner, EmailMessage) else b""
            yield Attachment(name if name.lower().endswith(".eml") else f"{name}.eml", whole)
        elif not part.is_multipart():
            content = part.get_payload(decode=True)
            yield Attachment(part.get_filename() or _made_up(part), content if isinstance(content, bytes) else b"")


def _message(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise DocumentRefused("broken EML: no header lines")
    return message


def _made_up(part: EmailMessage) -> str:
    """A name for a part that has none, with the extension of its type."""
    extensions = {"text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "application/pdf": ".pdf"}
    return f"part{extensions.get(part.get_content_type(), '')}"


def _write_body(message: EmailMessage, builder: TextBuilder) -> None:
    body = message.get_body(("plain", "html"))
    if body is None:
        return
    content = text_of(body)
    if body.get_content_subtype() == "html":
        html.write(content, builder)
    else:
        builder.paragraph(content)


def text_of(part: MIMEPart) -> str:
    """The part's text, by the charset that it names if that is one, else by guess."""
    payload = part.get_payload(decode=True)
    return decode(payload, part.get_content_charset("")) if isinstance(payload, bytes) and payload else ""
