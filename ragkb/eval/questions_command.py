"""`ragkb eval generate` and `ragkb eval from-feedback`: answers files to begin with."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragkb.errors import InputError
from ragkb.eval.options import Kb

if TYPE_CHECKING:
    from ragkb.eval.generate import Propose
    from ragkb.kb import KnowledgeBase

Llm = Annotated[
    str | None, typer.Option("--llm", metavar="URL|local:NAME", help="Let this language model write the questions.")
]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="The model's name at that address.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The answers file to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print how many rows there are as one JSON object.")]


def generate(
    context: typer.Context,
    out: Out = Path("questions.jsonl"),
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="Most questions [100].")] = 100,
    unanswerable: Annotated[
        float, typer.Option("--unanswerable", min=0, max=0.5, help="Share that cannot be answered [0.25].")
    ] = 0.25,
    llm: Llm = None,
    model: Model = None,
    as_json: Json = False,
    kb: Kb = None,
) -> None:
    """Make questions with answers from the documents, by templates or by a language model, for review; and a suite."""
    from ragkb.eval.generate import generate as made
    from ragkb.eval.generate import suite_file
    from ragkb.eval.runs import write_text

    suite = out.with_suffix(".toml")
    with _opened(context, kb) as opened:
        rows, left_out = made(opened, number, unanswerable, _proposer(llm, model))
    _write(out, rows)
    write_text(suite, suite_file(out, left_out))
    _tell(as_json, out, rows, {"suite": str(suite), "left_out": left_out})
    if not as_json:
        typer.echo(f"review them, then:  ragkb eval nightly --suite {suite}")


def from_feedback(
    context: typer.Context, out: Out = Path("feedback.jsonl"), as_json: Json = False, kb: Kb = None
) -> None:
    """Make an answers file from the feedback that people gave, for review."""
    from ragkb.eval.feedback import rows_from

    with _opened(context, kb) as opened:
        rows = rows_from(opened.ledger.feedback())
    if not rows:
        raise InputError("there is no feedback yet", "people give it below an answer, or by POST /v1/feedback")
    _write(out, rows)
    _tell(as_json, out, rows, {"to_review": sum("to_review" in row for row in rows)})


def _proposer(llm: str | None, model: str | None) -> Propose:
    """The templates, unless a model is named on the command line: documents are sent nowhere without being told to."""
    from ragkb.eval.templates import questions_of

    if llm is None and model is None:
        return questions_of
    from ragkb.eval.proposed import proposer
    from ragkb.models.chat import load_chat
    from ragkb.settings import Settings

    given = {name: value for name, value in (("url", llm), ("model", model)) if value is not None}
    return proposer(load_chat(Settings.load(llm=given).llm))


def _opened(context: typer.Context, kb: Path | None) -> KnowledgeBase:
    from ragkb.kb import KnowledgeBase

    return KnowledgeBase.open(kb or context.obj or Path(".ragkb"), create=False)


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    """Raises InputError where the file is there: a person may have reviewed it."""
    from ragkb.eval.files import write_rows

    if out.exists():
        raise InputError(f"{out} is there already", "name another with --out, or remove it")
    write_rows(out, rows)


def _tell(as_json: bool, out: Path, rows: list[dict[str, Any]], more: dict[str, Any]) -> None:
    kinds = dict(sorted(Counter(row["type"] for row in rows).items()))
    answerable = sum(row["answerable"] for row in rows)
    if as_json:
        told = {"file": str(out), "rows": len(rows), "answerable": answerable, "types": kinds, **more}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    typer.echo(f"{out}: {len(rows)} questions ({listed}), {len(rows) - answerable} of them not answerable")
