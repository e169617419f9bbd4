"""Fusion in situations that no public set has: odd questions, mixed languages, unreadable letters, part numbers, code.

    python -m benchmarks.retrieval.situations --data DIR [--queries N] [--only TEXT] [--cache DIR]

nDCG@10 of each leg and of the hybrid search; `lost` is how much this lies under the better leg. Most situations change
the questions of DIR/xquad/en and DIR/nq_oracle; code and part numbers are made here. --cache keeps knowledge bases.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from benchmarks.retrieval.sets import opened, sample
from ragkb.eval.retrieval import LEGS, Suite, measure, read_suite
from ragkb.settings import Settings

MODULES = """
argparse ast base64 calendar csv difflib email.message fractions heapq html http.cookies inspect json.decoder logging
mailbox optparse os pathlib pickle random shutil smtplib socket statistics string tarfile textwrap threading timeit
typing unittest.case urllib.parse urllib.request uuid wave xml.dom.minidom zipfile
""".split()
CHATTER = (
    "Hello! I am new here and my manager told me to ask you, since nobody in the office knows it. {} I need it for a "
    "presentation on Thursday, so a short answer would be fine. Thank you very much in advance, and have a nice day!"
)
Change = Callable[[str], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", default="", help="situations whose name holds this")
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    settings = Settings.load()
    print(f"{'ndcg@10':28}" + "".join(f"{leg:>9}" for leg in LEGS) + f"{'lost':>8}{'queries':>9}", flush=True)
    for name, (kept, made) in situations(given.data).items():
        if given.only not in name:
            continue
        with opened(given.cache and given.cache / kept, settings) as kb:
            summary = measure(kb, sample(made(), given.queries), settings.limits.k).summary
        legs = [summary["legs"][leg]["ndcg@10"] for leg in LEGS]
        figures = "".join(f"{value:9.4f}" for value in legs)
        print(f"{name:28}{figures}{max(0.0, max(legs[:-1]) - legs[-1]):8.4f}{summary['queries']:9}", flush=True)


def situations(data: Path) -> Mapping[str, tuple[str, Callable[[], Suite]]]:
    """By name: the knowledge base that it needs, and the suite."""
    changes: dict[str, Change] = {
        "as it is": str,
        "capitals": str.upper,
        "small letters": str.lower,
        "two words": lambda text: " ".join(telling(text)[:2]),
        "one word": lambda text: " ".join(telling(text)[:1]),
        "chatter around": CHATTER.format,
        "typing errors": misspelt,
        "no spaces or marks lost": lambda text: re.sub(r"[^\w\s]", "", text).replace("  ", " "),
    }
    out: dict[str, tuple[str, Callable[[], Suite]]] = {}
    for name, change in changes.items():
        for folder in ("xquad/en", "nq_oracle"):
            out[f"{folder}, {name}"] = (
                folder.replace("/", "-"),
                lambda folder=folder, change=change: asked(read_suite(data / folder), change),
            )  # type: ignore[misc]
    out["English and Chinese"] = ("both", lambda: joined(read_suite(data / "xquad/en"), read_suite(data / "xquad/zh")))
    out["English and German"] = ("en-de", lambda: joined(read_suite(data / "xquad/en"), read_suite(data / "xquad/de")))
    out["other letters"] = ("letters", lambda: lettered(read_suite(data / "xquad/en")))
    out["German asked, English held"] = (
        "xquad-en",
        lambda: crossed(read_suite(data / "xquad/en"), read_suite(data / "xquad/de")),
    )
    out["part numbers"] = ("parts", parts)
    out["code"] = ("code", code)
    return out


def asked(suite: Suite, change: Change) -> Suite:
    """The suite with its questions changed, without those of which nothing is left."""
    changed = {query: change(text) for query, text in suite.queries.items()}
    return replace(suite, queries={query: text for query, text in changed.items() if text.strip()})


def telling(text: str) -> list[str]:
    """The words of a question that are longest, in their order of length."""
    return sorted(re.findall(r"\w{4,}", text), key=lambda word: (-len(word), word))


def misspelt(text: str) -> str:
    """Two neighbours swapped in every third word of five letters or more."""
    words = text.split()
    for place in range(0, len(words), 3):
        word = words[place]
        if len(word) >= 5:
            words[place] = word[:2] + word[3] + word[2] + word[4:]
    return " ".join(words)


def joined(one: Suite, other: Suite) -> Suite:
    """Both in one knowledge base; what a question looks for stays in its own language."""
    parts = [(f"{number}/", suite) for number, suite in enumerate((one, other))]
    return Suite(
        {mark + key: value for mark, suite in parts for key, value in suite.documents.items()},
        {mark + key: value for mark, suite in parts for key, value in suite.queries.items()},
        {mark + key: {mark + d: g for d, g in of.items()} for mark, suite in parts for key, of in suite.grades.items()},
    )


def crossed(held: Suite, asked: Suite) -> Suite:
    """The questions of one set over the texts of another, whose ids are the same."""
    return replace(held, queries={key: text for key, text in asked.queries.items() if key in held.grades})


def lettered(suite: Suite) -> Suite:
    """The same texts in letters that the embedder hardly knows: Georgian for Latin ones."""
    table = {ord(letter): chr(0x10D0 + number) for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}

    def change(text: str) -> str:
        return text.lower().translate(table)

    documents = {key: (change(title), change(text)) for key, (title, text) in suite.documents.items()}
    return replace(asked(suite, change), documents=documents)


def parts() -> Suite:
    """400 parts whose texts differ in numbers alone; asked by number, with and without its marks."""
    chance = random.Random(1)
    kinds = "pump valve gasket sensor fan filter board motor hose seal".split()
    documents, queries, grades = {}, {}, {}
    for number in range(400):
        letters = chance.choice("ABHKT") + chance.choice("XVSD")
        part = f"{letters}-{chance.randrange(100, 999)}/{chance.randrange(1, 9)}{chance.choice('ABC')}"
        kind = kinds[number % len(kinds)]
        said = f"The {kind} {part} fits the heat pumps of series {chance.randrange(10, 40)}. It is delivered within"
        said += f" {chance.randrange(2, 30)} days and costs {chance.randrange(5, 900)} EUR."
        documents[f"p{number}"] = (f"Spare part {part}", said)
        wording = (
            part,
            f"What does {part} cost?",
            f"delivery of {part.replace('-', '')}",
            f"is {part.lower()} a {kind}?",
        )
        queries[f"q{number}"], grades[f"q{number}"] = wording[number % 4], {f"p{number}": 1}
    return Suite(documents, queries, grades)


def code() -> Suite:
    """Functions of Python's library without their docstrings, asked by the first line of these."""
    documents, queries, grades = {}, {}, {}
    for name in MODULES:
        tree = ast.parse(inspect.getsource(import_module(name)))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (said := ast.get_docstring(node)) and len(node.body) > 1:
                node.body = node.body[1:]
                key = f"{name}.{node.name}.{node.lineno}"
                documents[key] = (name, ast.unparse(node)[:3000])
                queries[key], grades[key] = said.strip().splitlines()[0], {key: 1}
    return Suite(documents, queries, grades)


if __name__ == "__main__":
    main()
