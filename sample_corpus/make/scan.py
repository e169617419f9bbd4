"""Draws the scanned page: printed text, a little crooked, with paper tone and noise. The same bytes on every run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

_SIZE = (1240, 1754)  # A4 at 150 dpi


def write_scan(title: str, rows: Sequence[str], target: Path) -> None:
    """One page as a grey PNG. A row `-` draws a rule. The font is the one that comes with Pillow."""
    page = Image.new("L", _SIZE, 246)
    pen = ImageDraw.Draw(page)
    pen.text((110, 130), title, fill=25, font=ImageFont.load_default(size=44))
    font = ImageFont.load_default(size=25)
    columns = (110, 190, 400, 740, 890)
    y = 240
    for row in rows:
        if row == "-":
            pen.line((110, y + 14, 1130, y + 14), fill=70, width=2)
        elif row[:3] == "Pos" or row[:1].isdigit():
            cells = [cell for cell in row.split("  ") if cell.strip()]
            for x, cell in zip(columns, cells, strict=True):
                pen.text((x, y), cell.strip(), fill=35, font=font)
        else:
            pen.text((110, y), "   ".join(part for part in row.split("  ") if part.strip()), fill=35, font=font)
        y += 46
    pen.text((150, y + 60), "U. Stadler", fill=90, font=ImageFont.load_default(size=38))
    pen.text((640, y + 52), "G. Pohl", fill=90, font=ImageFont.load_default(size=38))
    page = page.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=238).filter(ImageFilter.GaussianBlur(0.6))
    pixels: Any = page.load()
    dots = random.Random(20260928)
    for _ in range(9000):
        x, y = dots.randrange(_SIZE[0]), dots.randrange(_SIZE[1])
        pixels[x, y] = max(0, min(255, pixels[x, y] + dots.randrange(-70, 20)))
    page.quantize(32).save(target, optimize=True)
