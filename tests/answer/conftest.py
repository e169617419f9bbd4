"""A server of OpenAI's protocol in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class LlmServer:
    """url: its address. folder: where it writes the requests that it got."""

    url: str
    folder: Path

    def requests(self, model: str) -> list[dict[str, Any]]:
        """The requests for a model, oldest first."""
        found = [json.loads(path.read_text("utf-8")) for path in sorted(self.folder.glob("*.json"))]
        return [one for one in found if one["body"]["model"] == model]


@pytest.fixture(scope="session")
def llm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlmServer]:
    folder = tmp_path_factory.mktemp("llm")
    command = [sys.executable, "-m", "tests.answer.llm_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        yield LlmServer(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", folder)
        process.kill()
