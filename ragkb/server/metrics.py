"""What Prometheus reads. No label holds anything that a caller wrote."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from ragkb.ingest.report import IngestReport
from ragkb.settings import UsageSettings
from ragkb.types import Answer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KINDS = ("prompt", "completion")
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
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

        self._groundedness = Histogram(
            "ragkb_groundedness", "Support of an answer's worst sentence.", buckets=SHARES, registry=self._registry
        )
        self._tokens = Counter(
            "ragkb_tokens_total", "Tokens of the language model.", ("kind",), registry=self._registry
        )
        self._cost = Counter("ragkb_cost_total", "What they cost, by usage.*_price.", registry=self._registry)
        self._pages = Counter("ragkb_ingested_pages_total", "Pages that were read.", registry=self._registry)
        self._chunks = Counter("ragkb_ingested_chunks_total", "Chunks that were written.", registry=self._registry)

    def watch(self, collector: Collector) -> None:
        """Also tells what this one collects."""
        self._registry.register(collector)

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

    def answer(self, answer: Answer, prices: UsageSettings) -> None:
        """Counts an answer or an abstention, how well it is borne, where its time went and what it cost."""
        self._answers.labels("abstained" if answer.abstained else "answered").inc()
        if answer.groundedness is not None:
            self._groundedness.observe(answer.groundedness)
        prompt, written = (answer.usage.get(f"{kind}_tokens", 0) for kind in KINDS)
        for kind, count in zip(KINDS, (prompt, written), strict=True):
            self._tokens.labels(kind).inc(count)
        self._cost.inc((prompt * prices.prompt_price + written * prices.completion_price) / 1000)
        self.stages(answer.timings_ms)

    def ingest(self, report: IngestReport) -> None:
        """Counts what became of the files."""
        for file in report.files:
            self._files.labels(file.status).inc()
        self._pages.inc(report.pages)
        self._chunks.inc(report.chunks)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
