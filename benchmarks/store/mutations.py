"""Seeds faults into the commit protocol, one after the other, and shows what gave each of them away.

    python -m benchmarks.store.mutations

Exit code 1 if one was not noticed within 20 kills, by a death at a crash point, by the order of the system calls, or
within 60 states after a power cut.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.store import crashes, harness, order, replay
from benchmarks.store.seeded import MUTATIONS

KILLS = 20
STATES = 60


def by_order(name: str, folder: Path) -> str:
    """The first rule of order.py that the system calls break; '' if they break none."""
    found = order.violations(folder / "order", mutation=name)
    return f"order: {found[0]}" if found else ""


def by_kills(name: str, folder: Path) -> str:
    """The kill, among KILLS at random moments, after which a fault was seen; '' if none was."""
    tally = harness.run(KILLS, 1, folder / "kills", name, until_fault=True)
    return f"kill {tally.first}: {', '.join(sorted(tally.faults))}" if tally.first else ""


def by_replay(name: str, folder: Path) -> str:
    """The power cut, among STATES, after which a fault was seen; '' if none was."""
    tally = replay.run(STATES, 1, folder / "replay", name, sessions=1, until_fault=True)
    return f"power cut {sum(tally.states.values())}: {', '.join(sorted(tally.faults))}" if tally.faults else ""


def by_deaths(name: str, folder: Path) -> str:
    """The first place at which the death of an `add` leaves a fault; '' if none does."""
    place, state = crashes.make_base(folder / "deaths")
    found = crashes.points(place, "add", mutation=name)
    for number, (point, occurrence) in enumerate(found, 1):
        faults = crashes.crash(place, state, crashes.Trial("add", point, occurrence, mutation=name))
        if faults:
            return f"death {number} of {len(found)}, at {point!r}: {faults[0][0]}"
    return ""


LOOKS = {"kills and deaths": (by_kills, by_deaths), "order": (by_order,), "replay": (by_replay,)}


def main() -> int:
    missed = 0
    for name, (_, seen_by) in MUTATIONS.items():
        for look in LOOKS[seen_by]:
            with tempfile.TemporaryDirectory(dir=harness.fast_folder()) as folder:
                what = look(name, Path(folder))
            if what:
                break
        missed += not what
        print(f"{name:<45} {what or 'NOT NOTICED'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
