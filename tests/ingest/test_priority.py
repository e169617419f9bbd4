"""`ragkb ingest` steps back behind what serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os
from ragkb.cli import app
before = os.nice(0)
app(["ingest", "--kb", "kb", "a.txt"], standalone_mode=False)
print("stepped back by", os.nice(0) - before)
"""


@pytest.mark.skipif(not hasattr(os, "nice") or os.nice(0) != 0, reason="no priorities, or a lower one already")
@pytest.mark.parametrize(("given", "expected"), [({}, 9), ({"RAGKB_INGEST__NICE": "0"}, 0)])
def test_ingest_lowers_its_priority_by_the_setting(tmp_path: Path, given: dict[str, str], expected: int) -> None:
    (tmp_path / "a.txt").write_text("The pump delivers 40 litres.", "utf-8")
    environment = {**os.environ, "RAGKB_INGEST__NICE": "9", **given}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f"stepped back by {expected}\n")
