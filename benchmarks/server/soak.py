"""Memory of a server under mixed load for an hour.

    python -m benchmarks.server.soak --minutes 60 --rate 10

Callers ask, search, stream, chat over OpenAI's protocol, read documents, draw pages, add and remove documents, and now
and then leave in the middle of an answer, over the sample corpus, together `--rate` requests a second. Prints the
resident megabytes of the server each minute, and a JSON object; exit code 1 if a request failed, or if the server had
grown by more than a twentieth from a third of the time to the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks.server.process import Process, serving
from ragkb.kb import KnowledgeBase
from ragkb.types import Principal

CORPUS = Path(__file__).parents[2] / "sample_corpus"
CALLERS = 8
GROWN = 1.05
MIX = ("search", "ask", "stream", "search", "chat", "document", "ask", "leave", "search", "page", "ask", "write")
SAMPLES = 60


class Caller:
    """Sends the requests of the mix, one after the other."""

    def __init__(self, served: Process, key: str, number: int, corpus: tuple[list[str], list[str], str]) -> None:
        headers = {"authorization": f"Bearer {key}"}
        self._client = httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False)
        self._random = random.Random(number)
        self._number = number
        self._questions, self._documents, self._pdf = corpus
        self._round = 0

    def run(self, kind: str) -> bool:
        """Whether it went well."""
        work: Callable[[], bool] = getattr(self, f"_{kind}")
        try:
            return work()
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Ends its connection."""
        self._client.close()

    def _question(self) -> str:
        return self._random.choice(self._questions)

    def _posts(self, path: str, body: dict[str, Any]) -> bool:
        return self._client.post(path, json=body).status_code < 300

    def _search(self) -> bool:
        return self._posts("/v1/search", {"query": self._question()})

    def _ask(self) -> bool:
        return self._posts("/v1/query", {"question": self._question()})

    def _stream(self) -> bool:
        return self._posts("/v1/query", {"question": self._question(), "stream": True})

    def _chat(self) -> bool:
        said = [{"role": "user", "content": self._question()}]
        return self._posts("/v1/chat/completions", {"model": "ragkb", "messages": said, "stream": True})

    def _leave(self) -> bool:
        """Closes the connection when the first bytes of an answer have come."""
        body = {"question": self._question(), "stream": True}
        with self._client.stream("POST", "/v1/query", json=body) as answer:
            return next(answer.iter_bytes(), b"") != b""

    def _document(self) -> bool:
        return self._client.get(f"/v1/documents/{self._random.choice(self._documents)}").status_code == 200

    def _page(self) -> bool:
        return self._client.get(f"/v1/documents/{self._pdf}/pages/1.png", params={"quote": "travel"}).status_code == 200

    def _write(self) -> bool:
        """Adds a document, and removes it again."""
        self._round += 1
        text = f"Note {self._round} of caller {self._number}. {self._question()}"
        made = self._client.post("/v1/documents", json={"source": f"note-{self._number}", "text": text})
        id = made.json()["files"][0]["document_id"]
        return made.status_code in (200, 201) and self._client.delete(f"/v1/documents/{id}").status_code == 200


def load(callers: Sequence[Caller], rate: float, ended: threading.Event) -> Counter[str]:
    """How many requests of each kind went well, and how many `failed`, until `ended`."""
    told: Counter[str] = Counter()
    lock = threading.Lock()

    def call(caller: Caller, first: int) -> None:
        due = time.monotonic()
        for kind in itertools.islice(itertools.cycle(MIX), first, None):
            due = max(due + len(callers) / rate, time.monotonic() - 1)
            if ended.wait(max(0.0, due - time.monotonic())):
                break
            went = caller.run(kind)
            with lock:
                told[kind if went else "failed"] += 1
        caller.close()

    threads = [threading.Thread(target=call, args=(caller, number)) for number, caller in enumerate(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def soak(served: Process, callers: Sequence[Caller], minutes: float, rate: float) -> dict[str, Any]:
    """Megabytes on the way, and what was asked."""
    ended, told = threading.Event(), Counter[str]()
    loading = threading.Thread(target=lambda: told.update(load(callers, rate, ended)))
    loading.start()
    samples: list[float] = []
    for number in range(SAMPLES + 1):
        at = number / SAMPLES * minutes
        samples.append(round(served.resident() / 1e6, 1))
        helpers = served.helpers() / 1e6
        print(f"{at:6.1f} min  {samples[-1]:7.1f} MB, {helpers:6.1f} MB in helpers", file=sys.stderr, flush=True)
        if number < SAMPLES:
            time.sleep(minutes * 60 / SAMPLES)
    ended.set()
    loading.join()
    return {"minutes": minutes, **_summary(samples), "requests": dict(told)}


def _summary(samples: Sequence[float]) -> dict[str, Any]:
    """mb: at a twelfth, a third, two thirds and the end, which is 5, 20, 40 and 60 minutes of an hour."""
    mb = {part: statistics.median(samples[at - 1 : at + 2]) for part, at in _parts(len(samples) - 1).items()}
    return {"mb": mb, "growth": round(mb["end"] / mb["third"], 3)}


def _parts(last: int) -> dict[str, int]:
    return {"twelfth": last // 12, "third": last // 3, "two thirds": last * 2 // 3, "end": last}


def filled(folder: Path, docs: Path) -> tuple[str, tuple[list[str], list[str], str]]:
    """(an administrator's key, (questions, ids of documents, id of a PDF)) of a new knowledge base."""
    lines = (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()
    with KnowledgeBase.open(folder / "kb") as kb:
        kb.ingest(docs)
        found = list(kb.documents(as_=Principal.admin()))
        _, key = kb.ledger.keys.create("soak", "admin")
    pdf = next(info.id for info in found if info.media_type == "application/pdf")
    return key, ([json.loads(line)["question"] for line in lines], [info.id for info in found], pdf)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=10, help="requests a second, of all callers together")
    parser.add_argument("--docs", type=Path, default=CORPUS, help="what is ingested first; a PDF has to be among it")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        key, corpus = filled(Path(folder), asked.docs)
        with serving(Path(folder)) as served:
            callers = [Caller(served, key, number, corpus) for number in range(CALLERS)]
            found = soak(served, callers, asked.minutes, asked.rate)
    print(json.dumps(found))
    return 1 if found["growth"] > GROWN or found["requests"].get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
