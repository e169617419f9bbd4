"""Pictures of pages (scans, photographs, faxes) as documents of one page a frame, read by OCR."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest import ocr
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import pdf
from ragkb.ingest.loaders.pdf_words import Page
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
_LONGEST = 4000  # pixels; a longer side is made smaller, which loses nothing that a page has


def load(data: bytes, limits: LimitSettings, mode: str) -> Draft:
    """A Draft with one page a frame. Raises DocumentRefused where OCR is off or not installed."""
    if mode != "later" and not ocr.enabled(mode):
        reason, hint = ocr.why_not(mode)
        raise DocumentRefused(f"a picture, and {reason}", hint)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if mode == "later":
                return replace(_empty(limits), pictures=getattr(image, "n_frames", 1))
            pages = [_page(frame) for frame in _frames(image, limits)]
    except Image.DecompressionBombError as error:
        raise LimitExceeded(f"too many pixels to unpack: {error}", "make the picture smaller") from None
    if not any(page.lines for page in pages):
        return _empty(limits)
    return pdf.build(pages, TextBuilder(limits), ocr_pages=len(pages))


def _empty(limits: LimitSettings) -> Draft:
    return TextBuilder(limits).build(warnings=["OCR found no text"])


def _frames(image: Image.Image, limits: LimitSettings) -> Iterator[Image.Image]:
    if getattr(image, "n_frames", 1) > limits.pages:
        raise LimitExceeded(f"more than {limits.pages} pages", "raise limits.pages")
    pixels = image.width * image.height
    if Image.MAX_IMAGE_PIXELS and pixels > Image.MAX_IMAGE_PIXELS:  # subtle: up to twice as many Pillow only warns
        raise LimitExceeded(f"{pixels} pixels, the limit is {Image.MAX_IMAGE_PIXELS}", "make the picture smaller")
    frames: Sequence[Image.Image] | ImageSequence.Iterator = (
        ImageSequence.Iterator(image) if image.format == "TIFF" else [image]
    )
    yield from frames


def _page(frame: Image.Image) -> Page:
    upright = ImageOps.exif_transpose(frame)
    upright.thumbnail((_LONGEST, _LONGEST))
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, "white")
        upright.paste(layer, mask=layer.getchannel("A"))
    pixels = np.asarray(upright.convert("RGB"))
    return Page(ocr.read(pixels), width=pixels.shape[1], height=pixels.shape[0])
