"""Nightly runs kept in a folder: their rows for a while, their summaries for good, and the baselines.

runs/TIME/SUITE/   a run, see runs.py
baselines.json     {"NAME": {"SUITE": "TIME"}}
trend.jsonl        a line for each run of each suite
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragkb.errors import NotFound, StorageError
from ragkb.eval.files import json_lines
from ragkb.eval.runs import Run, read_json, read_run, write_json, write_run


@dataclass(frozen=True, slots=True)
class History:
    """One folder of nightly runs."""

    folder: Path

    def prepare(self) -> None:
        """Makes the folder, for its owner alone: rows hold text of documents. Raises StorageError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError(f"{self.folder}: cannot be made ({error.strerror})", "check its permissions") from None

    def keep(self, at: str, run: Run) -> Path:
        """Stores a run of the night `at`; returns its folder."""
        folder = self.folder / "runs" / at / run.name
        write_run(folder, run)
        return folder

    def note(self, entry: Mapping[str, Any]) -> None:
        """Adds a line to the trend."""
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with (self.folder / "trend.jsonl").open("a", encoding="utf-8", newline="\n") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(f"{self.folder}: cannot be written ({error.strerror})", "check its space") from None

    def trend(self, suite: str) -> list[Mapping[str, Any]]:
        """What was noted of a suite, oldest first."""
        path = self.folder / "trend.jsonl"
        lines = json_lines(path) if path.is_file() else ()
        return [line.values for line in lines if line.values.get("suite") == suite]

    def baseline(self, name: str, suite: str) -> tuple[str, Run] | None:
        """(what it is called, the run) to compare a suite with; None if there is none yet.

        name: of a baseline, or a folder that holds a run or nightly runs. Raises NotFound for a folder without the
        suite, and where a baseline's run is gone.
        """
        folder = Path(name)
        if folder.is_dir():
            inside = folder / suite if (folder / suite / "manifest.json").is_file() else folder
            return str(inside), read_run(inside)
        at = self._baselines().get(name, {}).get(suite)
        if at is None:
            return None
        path = self.folder / "runs" / at / suite
        if not path.is_dir():
            raise NotFound(f"{path}: the run of the baseline {name!r} is gone", "take a new one with --set-baseline")
        return at, read_run(path)

    def set_baseline(self, name: str, suite: str, at: str) -> None:
        """Makes the run of that night the baseline."""
        held = self._baselines()
        held[name] = {**held.get(name, {}), suite: at}
        write_json(self.folder / "baselines.json", held)

    def prune(self, most: int) -> None:
        """Removes the rows of all runs but the newest and the baselines'."""
        kept = {at for suites in self._baselines().values() for at in suites.values()}
        nights = sorted(path for path in (self.folder / "runs").glob("*") if path.name not in kept)
        for night in nights[:-most]:
            shutil.rmtree(night, ignore_errors=True)

    def _baselines(self) -> dict[str, dict[str, str]]:
        path = self.folder / "baselines.json"
        return read_json(path) if path.is_file() else {}
