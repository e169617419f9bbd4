"""Precision and recall of redaction on generated sentences: real forms, and numbers that only look like them.

python -m benchmarks.ingest.redact [--each N] [--seed S] [--json] [--misses]

The check digits are made here, not by the libraries that check them. A piece counts as found only if exactly its
characters are replaced. Half of the numbers stand behind a word that announces them, half do not; numbers that no one
could tell without it (nine digits in a row) always do. Of the sentences, half hold nothing personal.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from ragkb.ingest.personal import found
from ragkb.ingest.redact import KINDS

Made = tuple[str, str]  # (a word that announces it or '', the piece)
R = random.Random


def email(r: R) -> Made:
    name = r.choice(["ana", "j.smith", "zhang_wei", "info", "first.last+tag", "O'Brien", "x9"])
    return r.choice(
        ["e-mail", "邮箱", ""]
    ), f"{name}@{r.choice(['example.com', 'mail.example.co.uk', 'corp.example.cn'])}"


def phone(r: R) -> Made:
    line = f"{r.randint(200, 999)}-{r.randint(0, 9999):04}"
    area = r.choice([212, 415, 617, 312, 206])
    mobile = f"{r.choice(['138', '159', '186', '177'])}{r.randint(0, 10**8 - 1):08}"
    piece = r.choice([
        f"({area}) {line}", f"{area}-{line}", f"{area}.{line.replace('-', '.')}", f"+1 {area} {line.replace('-', ' ')}",
        f"+44 20 7{r.randint(100, 999)} {r.randint(0, 9999):04}", f"+49 30 {r.randint(1000000, 9999999)}",
        f"+86 {mobile[:3]} {mobile[3:7]} {mobile[7:]}", mobile, f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}",
        f"010-{r.randint(6000, 8999)}{r.randint(0, 9999):04}", f"400-{r.randint(600, 899)}-{r.randint(0, 9999):04}",
    ])  # fmt: skip
    return r.choice(["tel.", "call", "电话", "", "", ""]), piece


def iban(r: R) -> Made:
    country, body = r.choice([
        ("DE", f"{r.randint(10**17, 10**18 - 1)}"), ("FR", f"{r.randint(10**22, 10**23 - 1)}"),
        ("GB", f"NWBK{r.randint(10**13, 10**14 - 1)}"), ("NL", f"ABNA{r.randint(10**9, 10**10 - 1)}"),
        ("CH", f"{r.randint(10**16, 10**17 - 1)}"), ("AT", f"{r.randint(10**15, 10**16 - 1)}"),
    ])  # fmt: skip
    digits = int("".join(str(int(c, 36)) for c in f"{body}{country}00"))
    whole = f"{country}{98 - digits % 97:02}{body}"
    spaced = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return r.choice(["IBAN", "to account", ""]), r.choice([whole, spaced])


def card(r: R) -> Made:
    prefix, length = r.choice([("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16), ("622202", 19)])
    body = prefix + "".join(str(r.randint(0, 9)) for _ in range(length - 1 - len(prefix)))
    whole = body + luhn(body)
    if length != 16:
        return r.choice(["card", "银行卡", ""]), whole
    groups = [whole[at : at + 4] for at in range(0, 16, 4)]
    return r.choice(["card", "银行卡", ""]), r.choice([whole, " ".join(groups), "-".join(groups)])


def national_id(r: R) -> Made:
    day = date(1940, 1, 1) + timedelta(days=r.randint(0, 23_000))
    kind = r.randint(0, 4)
    if kind == 0:
        return r.choice(["SSN", ""]), f"{r.choice([212, 415, 536])}-{r.randint(10, 99)}-{r.randint(1000, 9999)}"
    if kind == 1:
        body = f"110105{day:%Y%m%d}{r.randint(0, 999):03}"
        weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
        rest = sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11
        return r.choice(["身份证", ""]), body + "10X98765432"[rest]
    if kind == 2:
        number = r.randint(10**7, 10**8 - 1)
        return r.choice(["DNI", ""]), f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"
    if kind == 3:
        body = f"{r.randint(1, 2)}{day:%y%m}{r.randint(1, 95):02}{r.randint(1, 400):03}{r.randint(1, 500):03}"
        whole = f"{body}{97 - int(body) % 97:02}"
        return r.choice(["NIR", ""]), whole
    return "national insurance", f"AB{r.randint(0, 999999):06}C"


def nothing(r: R) -> Made:
    """What stands in business documents and is nobody's."""
    digits: Callable[[int], str] = lambda n: "".join(str(r.randint(0, 9)) for _ in range(n))  # noqa: E731
    day = date(2000, 1, 1) + timedelta(days=r.randint(0, 9_000))
    return r.choice([
        ("order", digits(10)), ("invoice", f"{day:%Y}-{digits(6)}"),
        ("part no.", f"{digits(3)}-{digits(3)}-{digits(4)}"),
        ("serial", digits(16)), ("订单号", digits(11)), ("", f"{day:%d.%m.%Y}"), ("", f"{day:%Y-%m-%d} 10:30:00"),
        ("revenue", f"{r.randint(1, 999)},{digits(3)},{digits(3)}.{digits(2)}"),
        ("", f"EUR {r.randint(1, 9)} {digits(3)} {digits(3)}"),
        ("version", f"{r.randint(1, 20)}.{digits(2)}.{digits(1)}.{digits(5)}"),
        ("IP", "10.20.30.40"), ("pages", "1021-1042"),
        ("ISBN", f"978-3-{digits(2)}-{digits(6)}-0"), ("id", f"{digits(8)}-e89b-12d3-a456-{digits(12)}"),
        ("tracking", f"9400 1{digits(3)} {digits(4)} {digits(4)} {digits(4)} 00"), ("", f"{digits(13)}"),
        ("", f"{digits(2)}-{digits(4)}-{digits(4)}"), ("EAN", digits(13)), ("", f"{digits(9)}"),
        ("", "2019 2020 2021 2022 2023"),
        ("SKU", f"{digits(8)}{r.choice('ABCDEFGHJK')}"), ("lot", f"XK{digits(2)} {digits(4)} {digits(4)} {digits(4)}"),
    ])  # fmt: skip


def luhn(body: str) -> str:
    """The check digit."""
    doubled = (int(c) * (2 if at % 2 == 0 else 1) for at, c in enumerate(reversed(body)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


MAKERS = {"email": email, "phone": phone, "iban": iban, "card": card, "national_id": national_id}
FRAMES = (
    "Please note {} for the meeting.",
    "{}",
    "请注意：{}，谢谢。",
    "| Ana | {} | open |",
    "Ask Bo ({}) before June.",
)


def measure(each: int, seed: int) -> dict[str, object]:
    """Precision and recall by kind, and the sentences that went wrong."""
    r = R(seed)
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    misses = []
    for kind in [*KINDS * each, *["" for _ in range(each * len(KINDS))]]:
        cue, piece = (MAKERS[kind] if kind else nothing)(r)
        text = r.choice(FRAMES).format(f"{cue} {piece}".strip())
        spans = [(span.kind, text[span.start : span.end]) for span in found(text, KINDS, ("US", "CN"))]
        if kind and (kind, piece) in spans:
            right[kind] += 1
        bad = [span for span in spans if span != (kind, piece)]
        wrong.update(name for name, _ in bad)
        if bad or (kind and (kind, piece) not in spans):
            misses.append(f"{kind or 'nothing'}: {text}  ->  {spans}")
    kinds = {
        kind: {
            "precision": round(right[kind] / max(1, right[kind] + wrong[kind]), 4),
            "recall": round(right[kind] / each, 4),
        }
        for kind in KINDS
    }
    total, false = right.total(), wrong.total()
    both = {"precision": round(total / max(1, total + false), 4), "recall": round(total / each / len(KINDS), 4)}
    return {"sentences": 2 * each * len(KINDS), "all": both, **kinds, "misses": misses}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=2_000, help="pieces of each kind, and as many sentences without")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--misses", action="store_true", help="also the sentences that went wrong")
    given = parser.parse_args()
    result = measure(given.each, given.seed)
    misses = result.pop("misses")
    if given.json:
        print(json.dumps(result))
        return
    for name, figures in result.items():
        print(f"{name:12} {figures}")
    if given.misses and isinstance(misses, list):
        print(*misses, sep="\n")


if __name__ == "__main__":
    main()
