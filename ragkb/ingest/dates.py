"""Dates of documents in one form, as metadata that can be compared and filtered."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from ragkb.text.dates import dates

KEYS = ("date", "effective", "expires")

_PDF = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", re.DOTALL)
_FULL = re.compile(r"\d{4}-\d{2}-\d{2}")


def iso_date(value: object) -> str:
    """The day as "2024-05-12"; '' where the value names no single day of the calendar.

    Reads dates and times, ISO 8601, e-mail's dates, PDF's `D:20240512..` and dates as English and Chinese text has
    them. "03/04/2024" is no single day: it is read differently in different countries.
    """
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = value.strip()[:100] if isinstance(value, str) else ""
    match = _ISO.fullmatch(text)
    if match:
        return _checked(match[1])
    match = _PDF.match(text)
    if match:
        return _checked(f"{match[1]}-{match[2] or '01'}-{match[3] or '01'}")
    return _mail_date(text) or _only_day(text)


def _mail_date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""


def _only_day(text: str) -> str:
    days = [found for found in dates(text) if _FULL.fullmatch(found)]
    return _checked(days[0]) if len(days) == 1 else ""


def _checked(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
