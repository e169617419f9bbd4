"""How long it takes to see that nothing has changed: small files ingested twice.

python -m benchmarks.scale.reingest [--files N] [--profile] [--json]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
from pathlib import Path

from ragkb.kb import KnowledgeBase

PER_FOLDER = 100
TEXT = """# Note {number}

The unit {number} in hall {hall} was checked on day {day}. The pressure was {pressure} bar and the valve closed.

Next check after {hours} hours. Responsible: team {team}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true", help="where the second ingest spends its time, on stderr")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a line")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "notes", given.files)
        with KnowledgeBase.open(Path(folder) / "kb") as kb:
            first = kb.ingest(Path(folder) / "notes")
        profile = cProfile.Profile()
        with KnowledgeBase.open(Path(folder) / "kb") as kb:
            if given.profile:
                profile.enable()
            second = kb.ingest(Path(folder) / "notes")
            profile.disable()
    if given.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(40)
    assert first.count("ingested") == second.count("unchanged") == given.files
    out = {"files": given.files, "first_s": first.seconds, "second_s": second.seconds}
    out["share"] = second.seconds / first.seconds
    line = "{files:,} files: first {first_s:.1f} s, again {second_s:.2f} s, {share:.2%} of it"
    print(json.dumps(out) if given.json else line.format(**out))


def _write(folder: Path, files: int) -> None:
    for number in range(files):
        path = folder / f"{number // PER_FOLDER:03}" / f"note-{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = TEXT.format(
            number=number, hall=number % 7, day=number % 365, pressure=number % 13, hours=number % 900, team=number % 11
        )
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
