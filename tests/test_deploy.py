"""What deploy/ names is there: metrics, commands, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import typer
import yaml
from fastapi.testclient import TestClient

from ragkb import cli
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.server.app import create_app

DEPLOY = Path(__file__).parents[1] / "deploy"


def expressions() -> Iterator[tuple[str, str]]:
    """(name, expression) of each alert and each panel."""
    for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])
    for panel in json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", []))


def test_every_metric_and_label_of_an_alert_and_a_panel_exists(tmp_path: Path, words: Embedder) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb, TestClient(create_app(kb)) as client:
        client.base_url = "http://localhost"
        client.post("/v1/query", json={"question": "leave"})
        client.post("/v1/documents", json={"source": "a.md", "text": "Leave is 14 weeks."})
        told = client.get("/metrics").text
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    labels = {"job", "instance", *re.findall(r'[{,](\w+)="', told)}
    found = list(expressions())
    assert len(found) > 25
    for name, written in found:
        metrics = re.findall(r"\b(ragkb_\w+)", written)
        assert {metric.removesuffix("_bucket") for metric in metrics} <= known, name
        selected = re.findall(r'[{,](\w+)=~?"', written)
        summed = [one.strip() for by in re.findall(r"by \(([^)]*)\)", written) for one in by.split(",")]
        assert {*selected, *summed} <= labels, name


def test_every_metric_is_in_the_dashboard(tmp_path: Path, words: Embedder) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        told = create_app(kb).state.site.metrics.text().decode()
    shown = " ".join(written for _, written in expressions())
    names = [name for name in re.findall(r"^# TYPE (\w+)", told, re.MULTILINE) if not name.endswith("_created")]
    assert [name for name in names if name not in shown] == []


def test_the_panels_of_the_dashboard_lie_side_by_side() -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        at = panel["gridPos"]
        for cell in product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])):
            assert cell[0] < 24
            assert cell not in taken, (panel["title"], taken.get(cell))
            taken[cell] = panel["title"]
    assert len({panel["id"] for panel in panels}) == len(panels)


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
