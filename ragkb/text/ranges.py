"""Ranges of numbers as tables and rules give them: "60 to 74 %", "more than 8 hours", "up to 5,000", 满10年不满20年."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ragkb.text.quantities import Quantity, quantities
from ragkb.text.tokens import lexical_tokens

_NUMBER = r"(\d+(?:[.,'’]\d+)*)"
_GAP = r"[^\d.;|。；]{0,12}?"  # a unit or a currency between the two ends
_BETWEEN = re.compile(
    rf"(?<![\d.,-]){_NUMBER}{_GAP}\s?(?:to|–|—|-|~|～|至|到|and less than|and under|and below)\s?{_GAP}{_NUMBER}"
    r"(?![\d-])"
    rf"|(?:满|超过|大于|不低于){_NUMBER}{_GAP}(?:不满|未满|不足|低于|小于|不超过){_NUMBER}"
)
_FROM = re.compile(
    rf"(?:\b(?:over|above|more than|at least|from|as of|exceeding|longer than|after|beyond)\b|>=?|≥|超过|满|大于|不少于"
    rf"|不低于|高于)\s?(?:EUR|€|\$|USD)?\s?{_NUMBER}|{_NUMBER}{_GAP}(?:or more|and more|and above|及以上|以上)",
    re.IGNORECASE,
)
_TO = re.compile(
    rf"(?:\b(?:under|below|less than|up to|at most|until|not exceeding|within)\b|<=?|≤|不满|未满|不足|低于|小于|不超过)"
    rf"\s?(?:EUR|€|\$|USD)?\s?{_NUMBER}|{_NUMBER}{_GAP}(?:or less|and less|and below|及以下|以下|以内)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from low to high, both included. unit: as Quantity.unit has it, "" where none that is known is given."""

    low: Decimal
    high: Decimal
    unit: str

    def holds(self, one: Quantity) -> bool:
        """True if the quantity lies in the range and is not of another unit."""
        return self.low <= one.value <= self.high and (not self.unit or not one.unit or self.unit == one.unit)


def ranges(text: str) -> Iterator[Range]:
    """The ranges in `text`; an open end is infinite. A date or a code makes none."""
    rest = text
    for pattern, is_low, is_high in ((_BETWEEN, True, True), (_FROM, True, False), (_TO, False, True)):
        for match in pattern.finditer(rest):
            numbers = [number for one in match.groups() if one and (number := _decimal(one)) is not None]
            if numbers:
                unit = next((one.unit for one in quantities(match.group() + rest[match.end() :][:12]) if one.unit), "")
                low, high = numbers[0] if is_low else Decimal(0), numbers[-1] if is_high else Decimal("Infinity")
                yield Range(low, high, unit)
        rest = pattern.sub(" ", rest)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(lexical_tokens(text)[0])
    except InvalidOperation:
        return None
