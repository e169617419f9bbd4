"""A nightly run as one HTML page that needs no network: no script, styles and charts inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from ragkb.eval import plots
from ragkb.eval.answers import SLICES
from ragkb.eval.compare import Difference, Flip
from ragkb.eval.curves import Bin, calibration_error, held, reliability, right, risk_coverage
from ragkb.eval.nightly import Nightly, SuiteResult
from ragkb.eval.outputs import failures
from ragkb.eval.scores import MEASURES, Measure, Row, total
from ragkb.eval.told import asked, percent, said, sentences, why

FLIPS = 50
_SLICED = (
    *("answer_hit", "page_hit@5", "hybrid passage_mrr@10", "citation_precision", "citation_recall"),
    *("false_answer", "false_refusal", "grounded_recall", "hallucination_recall", "support"),
)
_CLASSES = {"worse": "bad", "better": "good", "unclear": "warn", "same": ""}


def html(nightly: Nightly) -> str:
    """The whole page."""
    state = "passed" if nightly.passed else "failed"
    style = files("ragkb.eval").joinpath("report.css").read_text("utf-8")
    body = "\n".join(_suite(one) for one in nightly.suites)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ragkb nightly: {state}, {escape(nightly.at)}</title><style>{style}</style></head><body>\n"
        f'<h1>Nightly evaluation <span class="badge {state}">{state}</span></h1>'
        f'<p class="soft">{escape(_time(nightly.at))} UTC</p>\n{body}\n</body></html>\n'
    )


def _time(at: str) -> str:
    day, _, clock = at.partition("T")
    return f"{day} {clock[:5].replace('-', ':')}"


def _suite(result: SuiteResult) -> str:
    state = "passed" if result.passed else "failed"
    parts = [
        f'<h2>{escape(result.run.name)} <span class="badge {state}">{state}</span></h2>',
        f'<p class="soft">{escape(_made_with(result))}</p>',
        _list([f'<span class="bad">{escape(line)}</span>' for line in failures(result)]),
        _list([escape(line) for line in sentences(result.comparison)]) if result.comparison else "",
        *_section("Measures", _measures(result)),
        *_section("Checks", _checks(result)),
        *_section("Charts", f'<div class="charts">{"".join(_charts(result))}</div>'),
        *_section("Slices", _slices(result.run.rows)),
        *_section("Questions that changed", "".join(_flips(result))),
        *_section("Worst questions", "".join(_question(row, result) for row in result.worst)),
    ]
    return f"<section>{''.join(parts)}</section>"


def _made_with(result: SuiteResult) -> str:
    """How many rows, which code and models, compared with what."""
    code, models = result.run.manifest["code"], result.run.manifest["models"]
    parts = [
        f"{len(result.run.rows)} rows, {result.run.errors} errors",
        f"ragkb {code['version']} ({code['sha256'][:8]})",
        f"{models['embedder']} {models['precision']}".strip(),
        models["generator"],
        f"scorer {models['scorer']}" if "scorer" in models else "",
        f"baseline: {result.baseline or 'none, nothing was compared'}",
    ]
    return " · ".join(part for part in parts if part)


def _section(title: str, body: str) -> tuple[str, ...]:
    return (f"<h3>{title}</h3>", body) if body else ()


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML; a row of one cell is a heading over those that follow."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = [
        f'<tr class="group"><td colspan="{len(header)}">{row[0]}</td></tr>'
        if len(row) == 1
        else f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for row in rows
    ]
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _measures(result: SuiteResult) -> str:
    if not result.comparison:
        values = [(one, total(name, result.run.rows)) for name, one in MEASURES.items()]
        rows = [[escape(one.title), percent(value)] for one, value in values if value is not None]
        return _table(["measure, %", "now"], rows)
    header = ["measure, %", "verdict", "baseline", "now", "95 % of change", "worse", "better", "visible from"]
    note = '<p class="soft">* counts for the gate. Visible from: the smallest drop that chance would not explain.</p>'
    return _table(header, [_measure(one) for one in result.comparison.differences]) + note


def _measure(one: Difference) -> list[str]:
    arrow = "" if one.measure.higher_is_better else " ↓"
    return [
        f'<span title="{escape(one.measure.meaning)}">{escape(one.measure.title)}{arrow}</span>{"*" * one.gated}',
        f'<span class="{_CLASSES[one.verdict]}">{one.verdict}</span>',
        percent(one.before),
        percent(one.after),
        f"{percent(one.low, True)} to {percent(one.high, True)}",
        str(one.worse),
        str(one.better),
        percent(one.visible),
    ]


def _checks(result: SuiteResult) -> str:
    marks = {True: '<span class="good">holds</span>', False: '<span class="bad">violated</span>'}
    return _list([f"{marks[one.ok]} <b>{escape(one.name)}</b>: {escape(one.what)}" for one in result.checks])


def _charts(result: SuiteResult) -> Iterator[str]:
    trend = [one for one in result.trend if one.get("measures")]
    names = [name for name in MEASURES if any(name in one["measures"] for one in trend) and MEASURES[name].gated]
    for name in names:
        yield _over_time(MEASURES[name], result)
    yield _latency(result)
    yield from _confidence(result.run.rows)


def _figure(title: str, chart: str, note: str) -> str:
    return f"<figure><figcaption><b>{escape(title)}</b>{escape(note)}</figcaption>{chart}</figure>"


def _over_time(measure: Measure, result: SuiteResult) -> str:
    nights = [one for one in result.trend if measure.name in one["measures"]]
    values = [float(one["measures"][measure.name]) for one in nights]
    points = [(place / max(len(values) - 1, 1), value) for place, value in enumerate(values)]
    days = (nights[0]["at"][:10], nights[-1]["at"][:10])
    note = f"{percent(values[-1])} %{'' if measure.higher_is_better else ' (less is better)'}"
    return _figure(measure.title, plots.lines(measure.title, [(measure.name, points)], days, ("0", "100")), note)


def _latency(result: SuiteResult) -> str:
    nights = [one for one in result.trend if one["latency_ms"].get("p50") is not None]
    if not nights:
        return ""
    most = max(one["latency_ms"]["p95"] for one in nights) or 1.0
    series = [
        (name, [(n / max(len(nights) - 1, 1), one["latency_ms"][name] / most) for n, one in enumerate(nights)])
        for name in ("p50", "p95")
    ]
    last = nights[-1]["latency_ms"]
    days = (nights[0]["at"][:10], nights[-1]["at"][:10])
    chart = plots.lines("latency", series, days, ("0", f"{most:.0f}"))
    return _figure("latency, ms", chart, f"median {last['p50']:.0f}, 95th percentile {last['p95']:.0f}")


def _confidence(rows: Sequence[Row]) -> Iterator[str]:
    curve = risk_coverage(rows)
    if curve:
        chart = plots.lines("risk and coverage", [("risk", curve)], ("0", "coverage 1"), ("0", "1"))
        coverage, risk = curve[-1]
        note = f"at the threshold in force {percent(coverage)} % are answered, {percent(risk)} % of them wrong"
        yield _figure("risk against coverage", chart, note)
    yield _reliable("confidence", "passages hold the answer", rows, "confidence", held)
    yield _reliable("support", "answer is right", rows, "groundedness", right)
    yield _reliable("the score", "answer is grounded", rows, "score", lambda row: row.get("label"))


def _reliable(title: str, outcome: str, rows: Sequence[Row], name: str, known: Callable[[Row], bool | None]) -> str:
    """A reliability diagram of the value `name`; "" where no row has both value and outcome."""
    pairs = [
        (row[name], happened) for row in rows if row.get(name) is not None and (happened := known(row)) is not None
    ]
    if not pairs:
        return ""
    bins = reliability(pairs)
    chart = plots.reliability_chart(f"reliability of {title}", bins, title, "share")
    return _figure(f"reliability of {title}", chart, f"how often the {outcome}; calibration error {_ece(bins)}")


def _ece(bins: Sequence[Bin]) -> str:
    error = calibration_error(bins)
    return "–" if error is None else f"{error:.3f}"


def _slices(rows: Sequence[Row]) -> str:
    names = [name for name in _SLICED if total(name, rows) is not None]
    lines: list[list[str]] = []
    for kind in (*SLICES, "task"):
        values = sorted({str(row[kind]) for row in rows if kind in row})
        if values:
            lines.append([kind])
            lines += [_slice(value, [row for row in rows if row.get(kind) == value], names) for value in values]
    return _table(["rows with, %", "rows", *(MEASURES[name].title for name in names)], lines) if lines and names else ""


def _slice(value: str, rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    return [escape(value), str(len(rows)), *(percent(total(name, rows)) for name in names)]


def _flips(result: SuiteResult) -> Iterator[str]:
    flips = result.comparison.flips if result.comparison else ()
    yield from (_flip(flip, result) for flip in flips[:FLIPS])
    if len(flips) > FLIPS:
        yield f"<p>and {len(flips) - FLIPS} more</p>"


def _flip(flip: Flip, result: SuiteResult) -> str:
    moves = [f'<span class="bad">−{escape(name)}</span>' for name in flip.worse]
    moves += [f'<span class="good">+{escape(name)}</span>' for name in flip.better]
    return (
        f"<details><summary>{escape(asked(flip.after))} {' '.join(moves)}</summary><dl>"
        f"<dt>before</dt><dd>{escape(said(flip.before)) or '–'}</dd>"
        f"<dt>now</dt><dd>{escape(said(flip.after)) or '–'}</dd></dl>{_passages(flip.after, result)}</details>"
    )


def _question(row: Row, result: SuiteResult) -> str:
    measures = escape(why(row, [name for name in MEASURES if MEASURES[name].gated]))
    sure = f", confidence {row['confidence']:.2f}" if row.get("confidence") is not None else ""
    return (
        f"<details><summary>{escape(asked(row))}</summary><dl><dt>{row['status']}{sure}</dt>"
        f"<dd>{escape(said(row))}</dd><dt>measures</dt><dd>{measures}</dd></dl>{_passages(row, result)}</details>"
    )


def _passages(row: Row, result: SuiteResult) -> str:
    found = result.excerpts.get(str(row["id"]), ())
    return "".join(
        f'<p class="soft">{number}. {escape(one.source)}{f", page {one.page}" if one.page else ""}</p>'
        f"<blockquote>{escape(one.text)}</blockquote>"
        for number, one in enumerate(found, 1)
    )
