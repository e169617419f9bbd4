"""Options that several `ragkb eval` commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
Rows = Annotated[Path | None, typer.Option("--rows", metavar="FILE", help="Write a JSON line for every row.")]
Kb = Annotated[Path | None, typer.Option("--kb", metavar="DIR", help="Knowledge base [.ragkb].")]
RunFolder = Annotated[
    Path | None, typer.Option("--run", metavar="FOLDER", help="Keep the run there, for `ragkb eval compare`.")
]
MaxErrors = Annotated[
    int | None, typer.Option("--max-errors", metavar="N", help="Fail (exit 8) if more rows end in an error.")
]
