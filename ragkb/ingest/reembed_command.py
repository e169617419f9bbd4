"""`ragkb reembed`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragkb.settings import Precision

if TYPE_CHECKING:
    from ragkb.ingest.reembed import Reembedded

DEFAULT_KB = Path(".ragkb")


def reembed(
    context: typer.Context,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="As the setting `embedder`; by default what that says.")
    ] = "",
    precision: Annotated[
        Precision, typer.Option("--precision", help="Weights of an exported model, as `embedding.precision`.")
    ] = "auto",
    kb: Annotated[Path | None, typer.Option("--kb", metavar="DIR", help="The knowledge base [.ragkb].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the vectors anew with another model, while the old ones answer; interrupted, it goes on where it was."""
    from ragkb import console, render
    from ragkb.ingest.reembed import reembed_folder
    from ragkb.settings import Settings

    with console.reembed_progress() as tell:
        done = reembed_folder(kb or context.obj or DEFAULT_KB, Settings.load(), model, precision, tell)
    if as_json:
        sys.stdout.write(json.dumps(render.record_json(done), ensure_ascii=False) + "\n")
    else:
        console.out().print(said(done))


def said(done: Reembedded) -> str:
    """One line for people."""
    model = f"{done.embedder}, {done.precision}, {done.dim} dimensions"
    if not done.made and not done.found:
        return f"Nothing to do: the vectors are those of {model}."
    return f"Embedded {done.made} texts in {done.seconds:.1f} s, {done.found} were there already; in force: {model}."
