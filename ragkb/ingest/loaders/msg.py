"""Outlook messages: subject, who and when, and the text. Attachments become documents of their own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.message import EmailMessage

import olefile

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import html, mail, rtf
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.loaders.mail import Attachment
from ragkb.ingest.loaders.msg_properties import CompoundFile, Properties, inflate_rtf
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft

# Identifiers of properties, by MS-OXPROPS.
_SUBJECT, _BODY, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP, _TO, _CC = 0x0C1A, 0x0C1F, 0x5D01, 0x0E04, 0x0E03
_SENT, _RECEIVED = 0x0039, 0x0E06
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _DATA, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x3712
_HIDDEN = 0x7FFE
_DEEPEST = 5


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of one message; its plain text where it has one, else its HTML, else its rich text."""
    with CompoundFile(io.BytesIO(data)) as file:
        properties = Properties(file, ())
        builder = TextBuilder(limits, keeps_hidden)
        return _draft(properties, builder, limits, list(_attachments(file)))


def attachments(data: bytes) -> Iterator[Attachment]:
    """What hangs on the message. A message inside it is written out as an e-mail (`.eml`)."""
    with CompoundFile(io.BytesIO(data)) as file:
        yield from _attachments(file)


def _draft(properties: Properties, builder: TextBuilder, limits: LimitSettings, hanging: list[Attachment]) -> Draft:
    subject, sender, date = properties.text(_SUBJECT), _sender(properties), _date(properties)
    fields = [("From", sender), ("To", properties.text(_TO)), ("Cc", properties.text(_CC)), ("Date", date)]
    mail.write_head(builder, subject, fields)
    body, page, rich = properties.text(_BODY), properties.binary(_HTML), properties.binary(_RTF)
    if body.strip():
        builder.paragraph(body)
    elif page:
        html.write(decode(page, properties.code_page), builder)
    elif rich:
        rtf.write(inflate_rtf(rich, limits.inflated_bytes), builder)
    return mail.build(builder, subject, sender, date, hanging)


def _sender(properties: Properties) -> str:
    name = properties.text(_SENDER_NAME)
    address = properties.text(_SENDER_SMTP) or properties.text(_SENDER_ADDRESS)
    if not address or "@" not in address or address == name:
        return name or address
    return f"{name} <{address}>" if name else address


def _date(properties: Properties) -> str:
    return properties.time(_SENT) or properties.time(_RECEIVED)


def _attachments(file: olefile.OleFileIO, prefix: tuple[str, ...] = (), depth: int = 0) -> Iterator[Attachment]:
    for folder in _folders(file, prefix):
        properties = Properties(file, (*prefix, folder))
        name = properties.text(_LONG_NAME) or properties.text(_SHORT_NAME) or properties.text(_DISPLAY_NAME)
        inner = (*prefix, folder, f"__substg1.0_{_DATA:04X}000D")
        if file.exists("/".join((*inner, "__properties_version1.0"))):
            yield Attachment(_message_name(name, file, inner), _as_email(file, inner, depth))
        elif not (properties.text(_CONTENT_ID) and properties.flag(_HIDDEN)):  # a picture inside the text
            yield Attachment(name, properties.binary(_DATA))


def _folders(file: olefile.OleFileIO, prefix: tuple[str, ...]) -> list[str]:
    found = {
        path[len(prefix)]
        for path in file.listdir(streams=True, storages=True)
        if len(path) > len(prefix) and tuple(path[: len(prefix)]) == prefix
    }
    return sorted(name for name in found if name.startswith("__attach_version1.0_"))


def _message_name(name: str, file: olefile.OleFileIO, inner: tuple[str, ...]) -> str:
    name = name or Properties(file, inner).text(_SUBJECT) or "message"
    return name if name.lower().endswith(".eml") else f"{name.removesuffix('.msg')}.eml"


def _as_email(file: olefile.OleFileIO, prefix: tuple[str, ...], depth: int = 0) -> bytes:
    """A message inside a message as an e-mail of its own, with what hangs on it."""
    properties = Properties(file, prefix)
    message = EmailMessage()
    for name, value in (
        ("Subject", properties.text(_SUBJECT)),
        ("From", _sender(properties)),
        ("To", properties.text(_TO)),
        ("Cc", properties.text(_CC)),
        ("Date", _date(properties)),
    ):
        if value:
            message[name] = one_line(value)
    body, page = properties.text(_BODY), properties.binary(_HTML)
    if body.strip() or not page:
        message.set_content(body)
    else:
        message.set_content(decode(page, properties.code_page), subtype="html")
    for attachment in _attachments(file, prefix, depth + 1) if depth < _DEEPEST else ():
        message.add_attachment(
            attachment.data, maintype="application", subtype="octet-stream", filename=one_line(attachment.name)
        )
    return message.as_bytes()
