"""What each knowledge base holds, for Prometheus: looked up when it asks, and again only after a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from ragkb.server.service import Service


class Sizes(Collector):
    """Gauges of the knowledge bases, by name. One that cannot be read is left out: ragkb_up says so."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("ragkb_up", "1 if the knowledge base can be read.", labels=["kb"])
        held = {
            name: GaugeMetricFamily(f"ragkb_{name}", about, labels=["kb"])
            for name, about in (
                ("documents", "Documents stored."),
                ("chunks", "Chunks stored."),
                ("generation", "Commits so far."),
            )
        }
        disk = GaugeMetricFamily("ragkb_disk_bytes", "Bytes on disk.", labels=["kb", "part"])
        jobs = GaugeMetricFamily("ragkb_jobs", "Ingests that nobody waits for.", labels=["kb", "status"])
        running = GaugeMetricFamily("ragkb_running", "Calls at work.", labels=["kb"])
        for name, service in self._services.items():
            found = service.counts()
            up.add_metric([name], 1 if found else 0)
            for key, value in (found.held if found else {}).items():
                held[key].add_metric([name], value)
            for part, size in (found.disk if found else {}).items():
                disk.add_metric([name, part], size)
            for status, count in service.jobs.counts().items():
                jobs.add_metric([name, status], count)
            running.add_metric([name], service.running)
        yield from (up, *held.values(), disk, jobs, running)
