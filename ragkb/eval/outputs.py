"""A nightly run told to programs: JSON, Markdown for a pull request, JUnit XML for CI, a textfile for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from ragkb.eval.nightly import Nightly, SuiteResult
from ragkb.eval.scores import MEASURES, total
from ragkb.eval.told import asked, difference_json, percent, run_json, said, sentence, sentences

FLIPS = 20


def nightly_json(nightly: Nightly) -> dict[str, Any]:
    """`latest.json` and `ragkb eval nightly --json`. Holds questions, but no text of a document."""
    return {
        "at": nightly.at,
        "passed": nightly.passed,
        "failed": [line for one in nightly.suites for line in failures(one)],
        "suites": [_suite_json(one) for one in nightly.suites],
    }


def failures(result: SuiteResult) -> Iterator[str]:
    """Why a suite failed, a line each."""
    yield from (f"{result.run.name}: {one.name}: {one.what}" for one in result.checks if not one.ok)
    if result.comparison:
        yield from (f"{result.run.name}: {sentence(one)}" for one in result.comparison.failed)


def _suite_json(result: SuiteResult) -> dict[str, Any]:
    comparison = result.comparison
    return {
        **run_json(result.run),
        "passed": result.passed,
        "baseline": result.baseline,
        "measures": {name: value for name in MEASURES if (value := total(name, result.run.rows)) is not None},
        "latency_ms": result.run.timings.get("latency_ms") or result.run.timings.get("query_ms"),
        "checks": [{"name": one.name, "passed": one.ok, "what": one.what} for one in result.checks],
        "differences": {one.measure.name: difference_json(one) for one in comparison.differences} if comparison else {},
        "flips": [
            {"id": flip.after["id"], "question": asked(flip.after), "worse": flip.worse, "better": flip.better}
            for flip in (comparison.flips if comparison else ())
        ],
        "notes": list(comparison.notes) if comparison else [],
    }


def markdown(nightly: Nightly) -> str:
    """A summary for a pull request."""
    lines = [f"## ragkb nightly: {'passed' if nightly.passed else 'FAILED'}", "", f"{nightly.at} (UTC)", ""]
    for result in nightly.suites:
        lines += [f"### {result.run.name}: {'passed' if result.passed else 'FAILED'}", ""]
        lines += [f"- **{line}**" for line in failures(result)]
        if result.comparison:
            lines += [f"- {line}" for line in sentences(result.comparison)]
        else:
            lines += ["- there was no baseline to compare with"]
        lines += ["", *_measure_table(result), "", *_flips(result)]
    return "\n".join(lines).rstrip() + "\n"


def _measure_table(result: SuiteResult) -> Iterator[str]:
    yield "| measure | baseline | now | 95 % of change | worse | better | verdict |"
    yield "|---|---|---|---|---|---|---|"
    if result.comparison:
        for one in result.comparison.differences:
            change = f"{percent(one.low, True)} to {percent(one.high, True)}"
            yield (
                f"| {one.measure.title} | {percent(one.before)} | {percent(one.after)} | {change} | {one.worse} | "
                f"{one.better} | {one.verdict} |"
            )
        return
    for name, measure in MEASURES.items():
        value = total(name, result.run.rows)
        if value is not None:
            yield f"| {measure.title} | | {percent(value)} | | | | |"


def _flips(result: SuiteResult) -> Iterator[str]:
    flips = [flip for flip in (result.comparison.flips if result.comparison else ()) if flip.worse]
    if not flips:
        return
    yield f"<details><summary>{len(flips)} questions got worse</summary>"
    yield ""
    for flip in flips[:FLIPS]:
        yield f"- **{_inline(asked(flip.after))}** ({', '.join(flip.worse)})"
        yield f"  - before: {_inline(said(flip.before))}"
        yield f"  - now: {_inline(said(flip.after))}"
    if len(flips) > FLIPS:
        yield f"- and {len(flips) - FLIPS} more"
    yield ""
    yield "</details>"
    yield ""


def _inline(text: str) -> str:
    """One line that Markdown and HTML leave as it is, at most 300 characters long."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= 300 else flat[:299] + "…"
    for mark in "\\`*_[]<>#|":
        cut = cut.replace(mark, f"\\{mark}")
    return cut


def junit(nightly: Nightly) -> str:
    """JUnit XML: a test suite for each suite, a test case for each check and each measure that counts."""
    root = ElementTree.Element("testsuites", name="ragkb nightly")
    for result in nightly.suites:
        cases = [(one.name, one.ok, one.what) for one in result.checks]
        if result.comparison:
            counted = [one for one in result.comparison.differences if one.gated]
            cases += [(one.measure.name, one.verdict != "worse", sentence(one)) for one in counted]
        failed = sum(not ok for _, ok, _ in cases)
        seconds = str(result.run.timings.get("seconds", 0))
        node = ElementTree.SubElement(
            root, "testsuite", name=result.run.name, tests=str(len(cases)), failures=str(failed), time=seconds
        )
        for name, ok, what in cases:
            case = ElementTree.SubElement(node, "testcase", classname=f"ragkb.{result.run.name}", name=name)
            if ok:
                ElementTree.SubElement(case, "system-out").text = _printable(what)
            else:
                ElementTree.SubElement(case, "failure", message=_printable(what))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff") else "�" for c in text)


def prometheus(nightly: Nightly) -> str:
    """A file for the textfile collector of node_exporter."""
    lines = [
        "# HELP ragkb_eval_passed Whether the last nightly evaluation of the suite passed.",
        "# TYPE ragkb_eval_passed gauge",
        *(f'ragkb_eval_passed{{suite="{one.run.name}"}} {int(one.passed)}' for one in nightly.suites),
        "# HELP ragkb_eval_errors Questions that ended in an error.",
        "# TYPE ragkb_eval_errors gauge",
        *(f'ragkb_eval_errors{{suite="{one.run.name}"}} {one.run.errors}' for one in nightly.suites),
        "# HELP ragkb_eval_measure Measures of the last nightly evaluation, 0 to 1.",
        "# TYPE ragkb_eval_measure gauge",
    ]
    for one in nightly.suites:
        for name in MEASURES:
            value = total(name, one.run.rows)
            if value is not None:
                lines.append(f'ragkb_eval_measure{{suite="{one.run.name}",measure="{name}"}} {value}')
    lines += [
        "# HELP ragkb_eval_latency_seconds Time of an answer or a query.",
        "# TYPE ragkb_eval_latency_seconds gauge",
    ]
    for one in nightly.suites:
        times = one.run.timings.get("latency_ms") or one.run.timings.get("query_ms") or {}
        for quantile, label in (("p50", "0.5"), ("p95", "0.95")):
            if times.get(quantile) is not None:
                value = round(times[quantile] / 1000, 6)
                lines.append(f'ragkb_eval_latency_seconds{{suite="{one.run.name}",quantile="{label}"}} {value}')
    lines += [
        "# HELP ragkb_eval_timestamp_seconds When the last nightly evaluation began.",
        "# TYPE ragkb_eval_timestamp_seconds gauge",
        f"ragkb_eval_timestamp_seconds {_seconds(nightly.at)}",
    ]
    return "\n".join(lines) + "\n"


def _seconds(at: str) -> int:
    from datetime import datetime, timezone

    return int(datetime.strptime(at[:19], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=timezone.utc).timestamp())
