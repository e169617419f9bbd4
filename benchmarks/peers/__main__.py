"""ragkb beside its peers: same weights, same documents, same machine, one run, one process after the other.

    python -m benchmarks.peers --data DIR [--documents N] [--queries N] [--peers langchain,llamaindex,haystack,txtai]
                               [--sets NAME,..] [--reports N] [--without PDF,..] [--docs DIR] [--cache DIR]
                               [--json FILE]

DIR holds sets in BEIR's form and, at any depth, folders of PDFs. The first call makes an environment for each library
with pip (about 1.2 GB each). --docs puts the figures into DIR/peers.md and DIR/peers.svg. docs/peers.md says what each
library runs and how each figure is taken. Exit code 1 if one of them could not be installed or failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_dir

from benchmarks.peers.environments import ADAPTERS, Environment, NotInstalled, environment
from benchmarks.peers.measure import Failed, FilesResult, SetResult, measure_files, measure_set, warm
from benchmarks.peers.page import OWN, figures, put, told
from benchmarks.peers.plot import svg
from benchmarks.peers.sample import sample, write_corpus

FILES_PEER = "langchain"
"""The peer whose loader of PDFs is compared."""


def main() -> int:
    given = arguments()
    unknown = [name for name in given.peers if name not in ADAPTERS]
    if unknown:
        raise SystemExit(f"no such peer: {', '.join(unknown)}; there are {', '.join(ADAPTERS)}")
    problems: list[str] = []
    with TemporaryDirectory(prefix="ragkb-peers-") as made:
        work = Path(made)
        environments = list(installed([OWN, *given.peers], given.cache, work, problems))
        before = os.getloadavg()[0]
        rows = list(on_sets(given, environments, work, problems))
        files = list(on_files(given, environments, work, problems))
    command = "python -m benchmarks.peers " + shlex.join(given.shown)
    body = figures(rows, files, environments, problems, told(command, (before, os.getloadavg()[0]), given.note))
    print(body)
    if given.json:
        given.json.write_text(json.dumps({"sets": [asdict(r) for r in rows], "files": [asdict(r) for r in files]}))
    if given.docs:
        put(given.docs / "peers.md", body)
        (given.docs / "peers.svg").write_text(svg(rows), encoding="utf-8")
    return 1 if problems else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1000, help="of each set; 0: all")
    parser.add_argument("--queries", type=int, default=150, help="of each set; 0: all")
    parser.add_argument("--peers", type=names, default="langchain,llamaindex,haystack,txtai")
    parser.add_argument("--sets", type=names, default="scifact,nq_oracle", help="folders under --data")
    parser.add_argument("--reports", type=int, default=20, help="PDFs of the folder with the most; 0: none")
    parser.add_argument("--without", type=names, default="", help="PDFs to leave out, that a library cannot read say")
    parser.add_argument("--starts", type=int, default=2, help="starts to a first answer; the fastest counts")
    parser.add_argument("--docs", type=Path, help="where peers.md and peers.svg are written")
    parser.add_argument("--cache", type=Path, default=Path(user_cache_dir("ragkb")) / "peers")
    parser.add_argument("--json", type=Path, help="every figure, of each query too")
    parser.add_argument("--note", default="", help="a sentence about this run")
    given = parser.parse_args()
    given.shown = shown(sys.argv[1:])
    return given


def names(value: str) -> list[str]:
    return [name for name in value.split(",") if name]


def shown(argv: Sequence[str]) -> list[str]:
    """The options as they are told: without those that say where things lie here."""
    kept, words = [], iter(argv)
    for word in words:
        option, _, value = word.partition("=")
        value = value or next(words, "")
        if option == "--data":
            kept += ["--data", "DIR"]
        elif option not in ("--docs", "--cache", "--json", "--note"):
            kept += [option, value]
    return kept


def installed(wanted: Sequence[str], cache: Path, work: Path, problems: list[str]) -> Iterator[Environment]:
    """The environments that could be made, each run once."""
    for name in wanted:
        say(f"{name}: environment")
        try:
            made = environment(name, cache)
            warm(made, work / f"{name}-warm")
        except (NotInstalled, Failed) as error:
            problems.append(f"{name}: {error}")
        else:
            yield made


def on_sets(
    given: argparse.Namespace, environments: Sequence[Environment], work: Path, problems: list[str]
) -> Iterator[SetResult]:
    for name in given.sets:
        suite = sample(given.data / name, given.documents, given.queries)
        corpus = work / f"{Path(name).name}.jsonl"
        write_corpus(suite, corpus)
        for made in environments:
            say(f"{name}, {made.name}")
            try:
                yield measure_set(name, suite, corpus, made, work / f"{corpus.stem}-{made.name}", given.starts)
            except Failed as error:
                problems.append(f"{made.name} on {name}: {error}")


def on_files(
    given: argparse.Namespace, environments: Sequence[Environment], work: Path, problems: list[str]
) -> Iterator[FilesResult]:
    reports = copied_reports(given.data, given.reports, given.without, work / "reports") if given.reports else None
    for made in environments:
        if reports and made.name in (OWN, FILES_PEER):
            say(f"PDF reports, {made.name}")
            try:
                yield measure_files(reports, made, work / f"reports-{made.name}")
            except Failed as error:
                problems.append(f"{made.name} on PDF reports: {error}")


def copied_reports(data: Path, most: int, without: Sequence[str], to: Path) -> Path | None:
    """A folder with PDFs, evenly spread by name, of the folder under `data` that has the most; None if none has any."""
    found = sorted(path for path in data.rglob("*.pdf") if path.name not in without)
    folders = [path.parent for path in found]
    if not found:
        return None
    fullest = max(dict.fromkeys(folders), key=folders.count)
    all_of_it = [path for path in found if path.parent == fullest]
    to.mkdir()
    for path in all_of_it[:: max(1, len(all_of_it) // most)][:most]:
        shutil.copy(path, to)
    return to


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
