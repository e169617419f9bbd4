"""`python -m ragkb` is the command `ragkb`."""

from __future__ import annotations

from ragkb.cli import main

main()
