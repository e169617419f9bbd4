"""Requests made from the OpenAPI document by schemathesis, with a key and without: no 5xx, no undocumented answer.

    python -m benchmarks.server.fuzz --cases 10000

Half of the cases come with an administrator's key, among them sequences of calls that use what earlier ones made. Exit
code 1 if a check failed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.server.process import serving
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PHASES = {True: "coverage,fuzzing,stateful", False: "coverage,fuzzing"}
OPERATIONS = 15  # of the document, for which as many different requests can be made as are wanted
WIDEST = 2000  # characters of a line that are shown: a made address can have a hundred thousand


def fuzz(address: str, key: str, examples: int, phases: str, seed: int = 1) -> tuple[bool, int, str]:
    """(whether all checks held, cases, what schemathesis printed). examples: for each operation, in each phase."""
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{address}/openapi.json",
        "--no-color",
        "--checks",
        CHECKS,
    ]
    command += [
        "-n",
        str(examples),
        "--phases",
        phases,
        "--seed",
        str(seed),
        "--request-timeout",
        "120",
        "--continue-on-failure",
        "--suppress-health-check",  # that values are made too slowly says something of this machine
        "too_slow",
        "--warnings",
        "off",
    ]
    command += ["-H", f"Authorization: Bearer {key}"] if key else []
    with tempfile.TemporaryDirectory() as folder:  # where it keeps what it found
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    printed = "\n".join(line[:WIDEST] for line in (done.stdout + done.stderr).splitlines())
    counted = re.search(r"(\d[\d,]*) generated", printed)
    return done.returncode == 0, int(counted[1].replace(",", "")) if counted else 0, printed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with KnowledgeBase.open(Path(folder) / "kb") as kb:
            kb.add([NewDocument("a.md", "Parental leave is 14 weeks."), NewDocument("b.md", "Bonus.", groups=("hr",))])
            _, key = kb.ledger.keys.create("fuzz", "admin")
        total, held = 0, True
        with serving(Path(folder)) as served:
            for known in (key, ""):
                examples = max(1, given.cases // 2 // OPERATIONS)
                ok, cases, printed = fuzz(served.url, known, examples, PHASES[bool(known)], given.seed)
                total, held = total + cases, held and ok
                print(printed, flush=True)
        crashes = [line for line in served.log if '"level": "error"' in line]
    print("".join(crashes[:20]), end="")
    held = held and not crashes
    print(f"{total} cases, {'all checks held' if held else 'checks failed'}")
    return 0 if held and total >= given.cases * 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
