"""What deploy/ names is there: metrics, commands, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml

from ragkb import cli
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.server.app import create_app

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_every_metric_of_an_alert_exists(tmp_path: Path, words: Embedder) -> None:
    rules = [
        rule for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
    ]
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        told = create_app(kb).state.site.metrics.text().decode()
    for rule in rules:
        for name in re.findall(r"\bragkb_\w+", rule["expr"]):
            known = {name, name.removesuffix("_bucket")} & set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
            assert known, f"{rule['alert']}: {name}"


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_command_exists(path: Path) -> None:
    commands = set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    text = path.read_text()
    used = re.findall(r"(?:bin/|^ *|&& |`)ragkb (?:--kb \S+ )?([a-z]+)\b", text, re.MULTILINE)
    assert set(used) <= commands


def test_the_documents_of_kubernetes_and_compose_can_be_read() -> None:
    kinds = [one["kind"] for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())]
    assert kinds.count("StatefulSet") == 1
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["ragkb"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
