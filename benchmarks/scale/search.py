"""Search, writing and memory at 10 thousand, 100 thousand and a million chunks.

    python -m benchmarks.scale.search [--data DIR] [--sizes N ...] [--queries N] [--work DIR] [--keep] [--json]
    python -m benchmarks.scale.search --only-search ... : searches alone, of a store that --keep left, else of a new one

The stores hold real chunks with their real embeddings, repeated with noise and variation (corpus.py says how). They are
written by the store's own writer in commits of COMMIT chunks, so the dense index is in the state that writing leaves;
"anew" is after the dense index was made anew from the stored embeddings. Each part runs in a process of its own. Times
of searches are milliseconds, p50 and p95, by the clock and (in brackets) of the thread on a processor.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import corpus
from ragkb.models import Embedder, load_embedder
from ragkb.retrieve.routing import asked_words
from ragkb.retrieve.search import Query, search
from ragkb.settings import Settings
from ragkb.store import embeddings
from ragkb.store.reader import Reader
from ragkb.store.store import Store
from ragkb.types import Principal

COMMIT = 10_000
ADDED = 100  # documents, of corpus.PER_DOCUMENT chunks
ROUNDS = 9  # times that they are added
ADMIN, EVERY, ONE, TOPIC = (
    Principal.admin(),
    Principal("everybody", tuple(f"g{i}" for i in range(corpus.GROUPS))),
    Principal("scattered", ("g7",)),
    Principal("topical", (corpus.TOPIC,)),
)
LEGS = ("dense", "lexical", "search")
Part = tuple[int, int]  # first chunk, chunks: what one commit holds
WHO = {"all": ADMIN, "all by groups": EVERY, "1 % scattered": ONE, "1 % on a topic": TOPIC}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds scifact/corpus.jsonl and scifact/queries.jsonl")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "ragkb-scale")
    parser.add_argument("--keep", action="store_true", help="leave the stores in the folder of --work")
    parser.add_argument("--only-search", action="store_true", help="measure searches alone; a kept store is used again")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = [_size(size, given) for size in given.sizes]
    print(json.dumps({"noise": corpus.NOISE, "sizes": rows}) if given.json else _table(rows))


def _size(size: int, given: argparse.Namespace) -> dict[str, Any]:
    """All figures of one size; the store is removed afterwards, unless it is to be kept or was."""
    folder = given.work / f"kb-{size}"
    reused = given.only_search and folder.exists()
    if not reused:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        return _figures(folder, size, given)
    finally:
        if not (given.keep or reused):
            shutil.rmtree(folder, ignore_errors=True)


def _figures(folder: Path, size: int, given: argparse.Namespace) -> dict[str, Any]:
    out: dict[str, Any] = {"chunks": size}
    written = [(first, min(COMMIT, size - first)) for first in range(0, size, COMMIT)]
    if given.only_search:
        built = {} if folder.exists() else _apart(_build, folder, written, given)
        return out | built | _apart(_measure, folder, size, given)
    step = ADDED * corpus.PER_DOCUMENT
    added = [(size + number * step, step) for number in range(ROUNDS)]
    for part in (
        partial(_apart, _build, folder, written, given),
        partial(_apart, _measure, folder, size, given),
        partial(_apart, _add, folder, added, given),
        partial(_killed, folder, size + 10 * COMMIT, given),
        partial(_apart, _anew, folder),
    ):
        out |= part()
        print({key: value for key, value in out.items() if key != "search"}, file=sys.stderr)
    out["anew"] = _apart(_measure, folder, size + ROUNDS * step, given)
    return out


def _apart(work: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """What the function returns in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_answer, args=(theirs, work, given))
    child.start()
    theirs.close()
    out: dict[str, Any] = ours.recv()
    child.join()
    return out


def _answer(pipe: Any, work: Callable[..., dict[str, Any]], given: Sequence[Any]) -> None:
    pipe.send(work(*given))


def _base(given: argparse.Namespace) -> tuple[corpus.Base, Embedder]:
    embedder = load_embedder("minilm")
    return corpus.load(embedder, given.work, given.data), embedder


# --- writing ----------------------------------------------------------------------------------------------------------


def _build(folder: Path, parts: Sequence[Part], given: argparse.Namespace) -> dict[str, Any]:
    base, embedder = _base(given)
    store = Store.create(folder, embedder.id, embedder.dim)
    seconds = 0.0
    with store.writing() as writer:
        for part in parts:
            made = list(corpus.entries(base, *part))
            seconds += _seconds(partial(writer.commit, made))
    return {"build_s": seconds, "disk": store.bytes_on_disk()}


def _add(folder: Path, parts: Sequence[Part], given: argparse.Namespace) -> dict[str, Any]:
    """Adds documents, each round in a commit of its own, and refreshes a reader that follows."""
    base, _ = _base(given)
    store, reader = Store.open(folder), Store.open(folder)
    _seconds(partial(_visible, reader))
    took, followed = [], []
    for part in parts:
        made = list(corpus.entries(base, *part))
        took.append(_seconds(partial(_commit, store, made)))
        followed.append(_seconds(partial(_visible, reader)))
    return {
        "add_100_s": float(np.median(took)),
        "add_100_worst_s": max(took),
        "follow_ms": float(np.median(followed)) * 1e3,
    }


def _commit(store: Store, made: Sequence[Any]) -> None:
    with store.writing() as writer:
        writer.commit(made)


def _visible(store: Store) -> None:
    with store.reading() as reader:
        reader.visible(EVERY)


def _killed(folder: Path, first: int, given: argparse.Namespace) -> dict[str, Any]:
    """Kills a writer in the middle of a commit, then opens the store: to the first answer, and for writing."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_write_on, args=(theirs, folder, first, given))
    child.start()
    ours.recv()
    time.sleep(0.5)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    return _apart(_reopen, folder)


def _write_on(pipe: Any, folder: Path, first: int, given: argparse.Namespace) -> None:
    base, _ = _base(given)
    made = list(corpus.entries(base, first, COMMIT))
    with Store.open(folder).writing() as writer:
        pipe.send("writing")
        writer.commit(made)
        time.sleep(60)


def _reopen(folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    store = Store.open(folder)
    _visible(store)
    read = time.perf_counter() - started
    with store.writing():
        pass
    return {"reopen_read_s": read, "reopen_write_s": time.perf_counter() - started - read}


def _anew(folder: Path) -> dict[str, Any]:
    with Store.open(folder).writing() as writer:
        seconds = _seconds(writer.rebuild_vectors)
    return {"vectors_anew_s": seconds, "vectors_anew_cpu_s": time.process_time()}


# --- reading ----------------------------------------------------------------------------------------------------------


def _measure(folder: Path, chunks: int, given: argparse.Namespace) -> dict[str, Any]:
    """Times and recall of searches, and what the process holds in memory after them."""
    expected = _apart(_expected, folder, given)
    texts, asked, truth = expected["texts"], expected["asked"], expected["truth"]
    store, embedder = Store.open(folder), load_embedder("minilm")
    opened = _seconds(partial(_visible, store))
    out: dict[str, Any] = {"open_s": opened, "search": {}}
    with store.reading() as reader:
        held = reader.snapshot.bytes_in_memory()
        out["segments"] = sorted((one.file.rows for one in reader.snapshot.segments), reverse=True)
        for name, who in WHO.items():
            out["search"][name] = _searches(reader, embedder, who, texts, asked, truth[name])
    out["bytes_a_chunk"] = sum(held.values()) / chunks
    out["resident"] = _resident()
    return out


def _searches(
    reader: Reader,
    embedder: Embedder,
    who: Principal,
    texts: Sequence[str],
    asked: NDArray[np.float32],
    truth: Sequence[set[int]],
) -> dict[str, Any]:
    settings = Settings().search
    visible = reader.visible(who)
    times: dict[str, list[tuple[float, float]]] = {leg: [] for leg in LEGS}
    shares = []
    for number, (text, vector) in enumerate(zip(texts, asked, strict=True)):
        legs: dict[str, Callable[[], object]] = {
            "dense": partial(reader.dense, vector, settings.candidates, visible),
            "lexical": partial(reader.lexical, asked_words(text), settings.candidates, who, visible),
            "search": partial(search, reader, embedder, Query(text, settings.k, who), settings),
        }
        for leg, work in legs.items():
            times[leg].append(_both(work))
        ten = reader.dense(vector, settings.candidates, visible)[:10]
        shares.append(len({n for n, _ in ten} & truth[number]) / max(1, len(truth[number])))
    out: dict[str, Any] = {f"{leg}_ms": _percentiles(values) for leg, values in times.items()}
    return out | {"recall@10": float(np.mean(shares))}


def _expected(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The questions with their vectors, and for each kind of reader the ten nearest chunks that they see to each.

    These are found by comparing every stored embedding.
    """
    base, _ = _base(given)
    asked = base.asked[: given.queries]
    best = {name: [(np.empty(0), np.empty(0, np.int64))] * len(asked) for name in WHO}
    store = Store.open(folder)
    with store.reading() as reader:
        seen = {name: np.unpackbits(reader.visible(who).bitmap, bitorder="little") for name, who in WHO.items()}
        for numbers, vectors in embeddings.blocks(reader.at, store.embedder, COMMIT):
            scores = vectors.astype(np.float32) @ asked.T
            for name, held in best.items():
                rows = np.flatnonzero(seen[name][numbers])
                best[name] = [_ten(*old, scores[rows, i], numbers[rows]) for i, old in enumerate(held)]
    truth = {name: [set(numbers.tolist()) for _, numbers in held] for name, held in best.items()}
    return {"texts": base.questions[: given.queries], "asked": asked, "truth": truth}


def _ten(
    scores: NDArray[Any], numbers: NDArray[np.int64], more: NDArray[Any], added: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    scores, numbers = np.concatenate([scores, more]), np.concatenate([numbers, added])
    order = np.argsort(-scores, kind="stable")[:10]
    return scores[order], numbers[order]


# --- figures ----------------------------------------------------------------------------------------------------------


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _both(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this thread on a processor: what the clock would say on an idle machine."""
    clock, processor = time.perf_counter(), time.thread_time()
    work()
    return time.perf_counter() - clock, time.thread_time() - processor


def _percentiles(seconds: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {
        f"{kind}p{p}": float(np.percentile([one[column] for one in seconds], p)) * 1e3
        for column, kind in enumerate(("", "cpu_"))
        for p in (50, 95)
    }


def _resident() -> dict[str, int]:
    """Bytes of this process in memory: all, and of that its own, without pages of mapped files (Linux)."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    held = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return {"all": held["VmRSS"], "own": held["RssAnon"]}


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        lines.append(f"\n{row['chunks']:,} chunks")
        if "build_s" in row:
            lines.append(f"  written in {row['build_s']:.0f} s ({_mb(row['disk'])})")
        if "add_100_s" in row:
            lines.append(_writing(row))
        for state, one in (("as written", row), *([("anew", row["anew"])] if "anew" in row else [])):
            lines.append(
                f"  {state}: segments {one['segments']}, open {one['open_s']:.2f} s, "
                f"{one['bytes_a_chunk']:.0f} bytes a chunk, resident {_mb(one['resident'])}"
            )
            lines += [_line(name, found) for name, found in one["search"].items()]
    return "\n".join(lines)


def _writing(row: dict[str, Any]) -> str:
    return (
        f"  100 documents more {row['add_100_s']:.2f} s (worst {row['add_100_worst_s']:.2f} s), seen by a reader "
        f"after {row['follow_ms']:.0f} ms; after a kill: read {row['reopen_read_s']:.2f} s, "
        f"write {row['reopen_write_s']:.2f} s; vectors anew {row['vectors_anew_s']:.1f} s "
        f"({row['vectors_anew_cpu_s']:.1f} s of processor)"
    )


def _line(name: str, found: dict[str, Any]) -> str:
    times = []
    for leg in LEGS:
        held = found[f"{leg}_ms"]
        times.append(f"{leg} {held['p50']:5.1f} {held['p95']:5.1f} ({held['cpu_p50']:4.1f} {held['cpu_p95']:4.1f})")
    return f"    {name:15} {'   '.join(times)}   recall@10 {found['recall@10']:.4f}"


def _mb(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())


if __name__ == "__main__":
    main()
