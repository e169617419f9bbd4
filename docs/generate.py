"""Writes the pages that follow from the code: docs/cli.md and docs/settings.md. A test fails when they are stale.

usage: python docs/generate.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from ragkb.cli import app
from ragkb.settings import Settings

HERE = Path(__file__).parent
EXIT_CODES = """
## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 2 | the caller's input cannot be used |
| 3 | not found, or not visible to who asks |
| 4 | busy: another process writes |
| 5 | storage: disk, catalogue or index |
| 6 | model: missing, broken, or not the one the knowledge base was made with |
| 7 | some files were refused; the others are in |
| 8 | an evaluation fell under its threshold |
| 130 | interrupted; what was committed is kept |
"""


def cli_page() -> str:
    """Every command with its arguments and options."""
    root: Any = typer.main.get_command(app)
    lines = ["# The command", "", "Made by `docs/generate.py` from the code.", ""]
    lines += ["Every command takes `--kb DIR` (before or after its name, or `RAGKB_KB`; default `.ragkb`)."]
    lines += ["With `--json` it prints one JSON object on standard output; messages go to standard error.", ""]
    for name, command in _commands(root, ""):
        lines += [f"## ragkb {name}", "", (command.help or "").strip(), ""]
        rows = [_parameter(one) for one in command.params if one.name not in ("kb", "as_json", "help")]
        if rows:
            lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n" + EXIT_CODES


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _parameter(parameter: Any) -> str:
    name = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar or parameter.name
    name = str(name).replace("|", "\\|")  # else it would end the cell
    return f"| `{name}` | {parameter.help or ''} |"


def settings_page() -> str:
    """Every setting with its default and its environment variable."""
    lines = ["# Settings", "", "Made by `docs/generate.py` from the code.", "", (Settings.__doc__ or "").strip(), ""]
    lines += ["A value comes from, strongest first: the argument or option, the environment, `ragkb.toml` in the"]
    lines += ["current folder (or the file that `RAGKB_CONFIG` names), the default.", ""]
    lines += ["| in ragkb.toml | environment | default | what |", "|---|---|---|---|"]
    lines += list(_rows(Settings.model_construct(), ""))
    lines += ["", "Beside the settings: `RAGKB_KB` names the knowledge base, `RAGKB_CONFIG` the settings file,"]
    lines += ["`RAGKB_CACHE` the folder of prepared models, `RAGKB_TRACEBACK=1` shows where an error came from."]
    return "\n".join(lines) + "\n"


def _rows(values: BaseModel, prefix: str) -> Iterator[str]:
    for name, field in type(values).model_fields.items():
        value = getattr(values, name)
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{prefix}{name}.")
        else:
            variable = "RAGKB_" + f"{prefix}{name}".upper().replace(".", "__")
            yield f"| `{prefix}{name}` | `{variable}` | `{value}` | {field.description or ''} |"


def main() -> int:
    """Writes the pages; with --check only says which are stale."""
    stale = []
    for name, text in (("cli.md", cli_page()), ("settings.md", settings_page())):
        path = HERE / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, "utf-8")
    print("stale: " + ", ".join(stale) if stale else "up to date")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
