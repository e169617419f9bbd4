"""Damaged files that look for new ways through a loader: atheris (libFuzzer) keeps what reaches code not seen before.

    python -m benchmarks.ingest.guided [--seconds 300] [--loader pdf] [--keep FOLDER]

Needs `pip install atheris`, which has wheels for Linux and some versions of Python only. Each loader runs in a process
of its own, without the sandbox, so that a crash of a native library is seen. Anything but a document or a typed refusal
is a finding: an exception of another kind, an offset that is wrong, a file that takes over 20 seconds or 2 GB. Findings
are kept in the folder. Exit code 1 then.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ingest import made_files
from benchmarks.ingest.fuzz import SAMPLES

_LONGEST = 20  # seconds a file
_MEMORY = 2048  # MB
_INSTRUMENTED = ["ragkb.ingest", "pypdf", "docx", "pptx", "openpyxl", "docutils", "pylatexenc"]
_TARGETS = sorted(set(SAMPLES) - {"png", "zip"})  # OCR takes seconds a run; an archive has no loader of its own


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, help="for each loader")
    parser.add_argument("--loader", choices=_TARGETS, help="only this one")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where findings are kept")
    asked = parser.parse_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is not installed: pip install atheris (Linux, some versions of Python)", file=sys.stderr)
        return 2
    asked.keep.mkdir(parents=True, exist_ok=True)
    failed = [kind for kind in ([asked.loader] if asked.loader else _TARGETS) if not _run(kind, asked)]
    return 1 if failed else 0


def _run(kind: str, asked: argparse.Namespace) -> bool:
    """True if nothing was found."""
    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / f"good.{kind}").write_bytes(SAMPLES[kind]())
        if kind == "pdf":
            (Path(corpus) / "over.pdf").write_bytes(made_files.pdf_over())
        options = [
            f"-max_total_time={asked.seconds}", f"-timeout={_LONGEST}", f"-rss_limit_mb={_MEMORY}",
            f"-artifact_prefix={asked.keep / kind}-", "-print_final_stats=1",
        ]  # fmt: skip
        command = [sys.executable, "-c", f"from benchmarks.ingest.guided import target; target({kind!r})"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run([*command, *options, corpus], capture_output=True, text=True, env=environment)
        count = len(list(Path(corpus).iterdir()))
    said = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"{kind:6} {said[1] if said else '?':>8} files, {count} of them new to the code, ", end="")
    print("no finding" if not done.returncode else f"FINDING: {_finding(done.stderr)}", flush=True)
    return not done.returncode


def _finding(log: str) -> str:
    """The line of libFuzzer's log that says what is wrong."""
    marks = ("ERROR:", "Error", "Exception", "==")
    return next((line.strip() for line in log.splitlines() if any(mark in line for mark in marks)), log[-200:])


def target(kind: str) -> None:
    """Fuzzes one loader until the time is over; never returns."""
    import atheris

    with atheris.instrument_imports(include=_INSTRUMENTED):
        from ragkb.errors import InputError
        from ragkb.ingest.chunk import chunk
        from ragkb.ingest.loaders import load, prepare
        from ragkb.settings import ChunkSettings, LimitSettings

        prepare(SAMPLES[kind](), f"file.{kind}")
    limits = LimitSettings(seconds=_LONGEST, text_characters=5_000_000)

    def one(data: bytes) -> None:
        try:
            draft = load(data, f"file.{kind}", limits, "off", keeps_hidden=True)
        except InputError:
            return
        spans = chunk(draft, "title", lambda text: len(text.split()), ChunkSettings())
        assert spans, "accepted without a chunk"
        assert all(draft.text[span.start : span.end] == span.text for span in spans), "an offset is wrong"

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
