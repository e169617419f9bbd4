"""`ragkb mcp`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ragkb.errors import InputError
from ragkb.types import Principal

DEFAULT_KB = Path(".ragkb")


def mcp(
    context: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Option("--groups", metavar="G1,G2", help="Whose documents the agent sees, '*' for all.")
    ] = None,
    kb: Annotated[Path | None, typer.Option("--kb", metavar="DIR", help="The knowledge base [.ragkb].")] = None,
) -> None:
    """Serve an agent on this machine over standard input and output (Model Context Protocol); tools only read."""
    if not find_spec("mcp"):
        raise InputError("the extra `mcp` is not installed", "pip install 'ragkb[mcp]'")
    import anyio

    from ragkb.kb import KnowledgeBase
    from ragkb.server.mcp import over_stdio

    names = tuple(name.strip() for item in groups or () for name in item.split(",") if name.strip())
    with KnowledgeBase.open(kb or context.obj or DEFAULT_KB, create=False) as opened:
        anyio.run(over_stdio, opened, Principal.of_groups(names))
