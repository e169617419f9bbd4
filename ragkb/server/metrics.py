"""What Prometheus reads. No label holds anything that a caller wrote."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from ragkb.ingest.report import IngestReport
from ragkb.types import Answer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters and histograms of one application, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ragkb_requests_total", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._request_seconds = Histogram(
            "ragkb_request_seconds", "Time to answer a request.", ("route",), buckets=SECONDS, registry=self._registry
        )
        self._stage_seconds = Histogram(
            "ragkb_stage_seconds", "Time in one stage.", ("stage",), buckets=SECONDS, registry=self._registry
        )
        self._answers = Counter(
            "ragkb_answers_total", "Questions answered or not.", ("outcome",), registry=self._registry
        )
        self._files = Counter(
            "ragkb_ingested_files_total", "Files that were handed in.", ("status",), registry=self._registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request. route: the template, never the path."""
        known = method if method in METHODS else "OTHER"
        self._requests.labels(known, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        """Records the time of each stage but the sum."""
        for stage, milliseconds in timings_ms.items():
            if stage != "total":
                self._stage_seconds.labels(stage).observe(milliseconds / 1000)

    def answer(self, answer: Answer) -> None:
        """Counts an answer or an abstention, and where its time went."""
        self._answers.labels("abstained" if answer.abstained else "answered").inc()
        self.stages(answer.timings_ms)

    def ingest(self, report: IngestReport) -> None:
        """Counts what became of the files."""
        for file in report.files:
            self._files.labels(file.status).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
