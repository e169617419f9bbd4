"""A nightly run as one HTML page that needs no network: no script, styles and charts inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from ragkb.eval.answers import SLICES
from ragkb.eval.compare import Difference, Flip
from ragkb.eval.nightly import Nightly, SuiteResult
from ragkb.eval.outputs import failures
from ragkb.eval.report_charts import confidence, over_time
from ragkb.eval.scores import MEASURES, Row, total
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
    body = _contents(nightly) + "\n".join(_suite(one) for one in nightly.suites)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ragkb nightly: {state}, {escape(nightly.at)}</title><style>{style}</style></head><body>\n"
        f'<h1>Nightly evaluation <span class="badge {state}">{state}</span></h1>'
        f'<p class="soft">{escape(_time(nightly.at))} UTC</p>\n{body}\n</body></html>\n'
    )


def _contents(nightly: Nightly) -> str:
    """Where each suite stands, if there are several."""
    if len(nightly.suites) < 2:
        return ""
    rows = [
        [
            f'<a href="#{escape(one.run.name)}">{escape(one.run.name)}</a>',
            '<span class="good">passed</span>' if one.passed else '<span class="bad">failed</span>',
            str(len(one.run.rows)),
            str(one.run.errors),
            str(len(one.comparison.flips) if one.comparison else "–"),
        ]
        for one in nightly.suites
    ]
    return _table(["suite", "", "rows", "errors", "changed"], rows)


def _time(at: str) -> str:
    day, _, clock = at.partition("T")
    return f"{day} {clock[:5].replace('-', ':')}"


def _suite(result: SuiteResult) -> str:
    state = "passed" if result.passed else "failed"
    gate, told = _verdict(result)
    parts = [
        f'<h2 id="{escape(result.run.name)}">{escape(result.run.name)} <span class="badge {state}">{state}</span></h2>',
        f'<p class="soft">{escape(_made_with(result))}</p>',
        _list([f'<span class="bad">{escape(line)}</span>' for line in gate]),
        _list([escape(line) for line in told]),
        *_section("Measures", _measures(result)),
        *_section("Checks", _checks(result)),
        *_section("Over time", _grid(over_time(result))),
        *_section("Confidence", _grid(confidence(result.run.rows))),
        *_section("Slices", _slices(result.run.rows)),
        *_section("Questions that changed", "".join(_flips(result))),
        *_section("Worst questions", "".join(_question(row, result) for row in result.worst)),
    ]
    return f"<section>{''.join(parts)}</section>"


def _verdict(result: SuiteResult) -> tuple[list[str], list[str]]:
    """(why the suite failed, what else there is to say), a line each."""
    gate = [line.partition(": ")[2] for line in failures(result)]
    told = list(sentences(result.comparison)) if result.comparison else []
    return gate, [line for line in told if line not in gate]


def _grid(figures: Iterator[str]) -> str:
    drawn = "".join(figures)
    return f'<div class="charts">{drawn}</div>' if drawn else ""


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
    header = ["measure, %", "baseline", "now", "verdict", "95 % of change", "worse", "better", "visible from"]
    note = '<p class="soft">* counts for the gate. Visible from: the smallest drop that chance would not explain.</p>'
    return _table(header, [_measure(one) for one in result.comparison.differences]) + note


def _measure(one: Difference) -> list[str]:
    arrow = "" if one.measure.higher_is_better else " ↓"
    return [
        f'<span title="{escape(one.measure.meaning)}">{escape(one.measure.title)}{arrow}</span>{"*" * one.gated}',
        percent(one.before),
        percent(one.after),
        f'<span class="{_CLASSES[one.verdict]}">{one.verdict}</span>',
        f"{percent(one.low, True)} to {percent(one.high, True)}",
        str(one.worse),
        str(one.better),
        percent(one.visible),
    ]


def _checks(result: SuiteResult) -> str:
    marks = {True: '<span class="good">holds</span>', False: '<span class="bad">violated</span>'}
    return _list([f"{marks[one.ok]} <b>{escape(one.name)}</b>: {escape(one.what)}" for one in result.checks])


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
    moves = [f'<span class="chip bad">− {escape(MEASURES[name].title)}</span>' for name in flip.worse]
    moves += [f'<span class="chip good">+ {escape(MEASURES[name].title)}</span>' for name in flip.better]
    return (
        f'<details class="flip"><summary>{escape(asked(flip.after))} '
        f"{' '.join(moves)}</summary><dl>{_gold(flip.after)}"
        f"<dt>before</dt><dd>{escape(said(flip.before)) or '–'}</dd>"
        f"<dt>now</dt><dd>{escape(said(flip.after)) or '–'}</dd></dl>{_passages(flip.after, result)}</details>"
    )


def _question(row: Row, result: SuiteResult) -> str:
    measures = escape(why(row, [name for name in MEASURES if MEASURES[name].gated]))
    sure = f", confidence {row['confidence']:.2f}" if row.get("confidence") is not None else ""
    return (
        f"<details><summary>{escape(asked(row))}</summary><dl>{_gold(row)}<dt>{row['status']}{sure}</dt>"
        f"<dd>{escape(said(row))}</dd><dt>measures</dt><dd>{measures}</dd></dl>{_passages(row, result)}</details>"
    )


def _gold(row: Row) -> str:
    """What would have been right, as far as the rows know."""
    if row.get("gold"):
        return f"<dt>gold answers</dt><dd>{escape(' / '.join(row['gold']))}</dd>"
    if row.get("answerable") is False:
        return "<dt>gold answers</dt><dd>none: the documents do not hold it</dd>"
    if row.get("label") is not None:
        return f"<dt>people say</dt><dd>{'grounded' if row['label'] else 'not grounded'}</dd>"
    return ""


def _passages(row: Row, result: SuiteResult) -> str:
    found = result.excerpts.get(str(row["id"]), ())
    return "".join(
        f'<div class="passage"><p class="soft">{number}. {escape(one.source)}{f", page {one.page}" if one.page else ""}'
        f"</p><blockquote>{escape(one.text.strip())}</blockquote></div>"
        for number, one in enumerate(found, 1)
    )
