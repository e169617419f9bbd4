"""One library behind JSON lines: a request a line on stdin, its reply a line on stdout.

    python serve.py ADAPTER MODEL_PACKAGE INDEX_FOLDER

ADAPTER: a module beside this one. Its class Adapter(model, folder) has create() and open(), each of which leaves the
model loaded, ingest(documents), ingest_files(folder) where PDFs are compared, and search(query, k). Requests:

    {"op": "create"}                              {"op": "open"}
    {"op": "ingest", "corpus": FILE}              -> "seconds", "chunks"
    {"op": "ingest_files", "folder": FOLDER}      -> "seconds", "chunks"
    {"op": "query", "queries": [..], "k": N}      -> "ranked": ids of documents, chunk by chunk; "ms": each search

Every reply has "peak_mb" (largest resident size so far, of this process and of the largest of its children) and
"import_s". Runs in the environment of the library alone, so it imports nothing of ragkb's.
"""

import importlib
import importlib.util
import json
import os
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    adapter_name, model_package, folder = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not stand between replies
    started = time.perf_counter()
    module = importlib.import_module(adapter_name)
    import_s = time.perf_counter() - started
    adapter = module.Adapter(model_folder(model_package), folder)
    for line in sys.stdin:
        reply = answer(adapter, json.loads(line))
        print(json.dumps({**reply, "import_s": import_s, "peak_mb": peak_mb()}), file=replies, flush=True)


def model_folder(package: str) -> str:
    """The folder of the weights that the package ships."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the package {package} is not installed here")
    return str(Path(spec.origin).parent / "model")


def answer(adapter, request: dict) -> dict:
    operation = request["op"]
    if operation in ("create", "open"):
        getattr(adapter, operation)()
        return {}
    if operation == "query":
        timed = [one(adapter, query, request["k"]) for query in request["queries"]]
        return {"ranked": [ids for ids, _ in timed], "ms": [ms for _, ms in timed]}
    given = documents(request["corpus"]) if operation == "ingest" else request["folder"]
    started = time.perf_counter()
    chunks = getattr(adapter, operation)(given)
    return {"seconds": time.perf_counter() - started, "chunks": chunks}


def documents(corpus: str) -> list[tuple[str, str, str]]:
    """(id, title, text) of each line of a file in BEIR's form."""
    with open(corpus, encoding="utf-8") as lines:
        return [(row["_id"], row.get("title", ""), row["text"]) for row in map(json.loads, lines)]


def one(adapter, query: str, k: int) -> tuple[list[str], float]:
    started = time.perf_counter()
    ids = adapter.search(query, k)
    return ids, 1000 * (time.perf_counter() - started)


def peak_mb() -> float:
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e3


if __name__ == "__main__":
    main()
