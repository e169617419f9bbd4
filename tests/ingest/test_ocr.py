"""Pictures of pages: read where the extra is installed, refused with what to do where it is not."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import Any

import pytest
from pdf_files import drawn, encoded, scanned

from ragkb import KnowledgeBase
from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.loaders import load
from ragkb.settings import IngestSettings, LimitSettings, Settings

LIMITS = LimitSettings()
TEXT = ["Employees may book first class", "on trips longer than four hours."]

needs_ocr = pytest.mark.skipif(importlib.util.find_spec("rapidocr") is None, reason="needs the extra ocr")


@pytest.fixture
def _without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "rapidocr" else find(name, *rest)
    )


def picture_page(image: Any) -> Any:
    from reportlab.lib.utils import ImageReader

    return lambda sheet: sheet.drawImage(ImageReader(image), 40, 300, 515, 515 * image.height / image.width)


@needs_ocr
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_is_a_document_of_one_page(kind: str) -> None:
    found = load(encoded(scanned(TEXT), kind), f"a.{kind.lower()}", LIMITS)
    assert (found.text, found.page_starts, found.ocr_pages) == ("\n".join(TEXT), (0,), 1)


@needs_ocr
def test_each_frame_of_a_tiff_is_a_page() -> None:
    frames = [scanned(["First frame of the fax"]), scanned(["Second frame of the fax"])]
    found = load(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]), "fax.tif", LIMITS)
    assert found.text == "First frame of the fax\n\nSecond frame of the fax"
    assert (len(found.page_starts), found.ocr_pages) == (2, 2)


@needs_ocr
def test_the_camera_tells_which_side_is_up() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to show
    data = encoded(scanned(TEXT).rotate(90, expand=True), "JPEG", exif=exif, quality=95)
    assert load(data, "a.jpg", LIMITS).text == "\n".join(TEXT)


@needs_ocr
def test_a_page_scanned_upside_down_is_read() -> None:
    assert load(encoded(scanned(TEXT).rotate(180), "PNG"), "a.png", LIMITS).text == "\n".join(TEXT)


@needs_ocr
def test_a_long_strip_is_read_without_being_blown_up() -> None:
    """The reader enlarges until the shorter side has 736 pixels: a strip of 30 by 2,400 would have 43 million."""
    from PIL import Image

    strip = Image.new("RGB", (2400, 30), "white")
    strip.paste(scanned(["Employees may book first class"], 22).crop((60, 80, 600, 106)), (0, 2))
    started = time.process_time()
    assert load(encoded(strip, "PNG"), "a.png", LIMITS).text == "Employees may book first class"
    assert time.process_time() - started < 20


@needs_ocr
def test_only_the_pages_without_text_are_read_from_their_picture(tmp_path: Path) -> None:
    data = drawn(lambda sheet: sheet.drawString(72, 700, "Typed page."), picture_page(scanned(TEXT)))
    found = load(data, "a.pdf", LIMITS)
    assert found.text == "Typed page.\n\n" + "\n".join(TEXT)
    assert (found.page_starts, found.ocr_pages, found.warnings) == ((0, 13), 1, ())
    (tmp_path / "a.pdf").write_bytes(data)
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        (file,) = kb.ingest(tmp_path / "a.pdf").files
        assert (file.status, file.pages, file.ocr_pages) == ("ingested", 2, 1)


@pytest.mark.usefixtures("_without_ocr")
def test_without_ocr_a_scanned_page_is_named_and_a_picture_refused() -> None:
    data = drawn(lambda sheet: sheet.drawString(72, 700, "Typed page."), picture_page(scanned(TEXT)))
    assert load(data, "a.pdf", LIMITS).warnings == (
        "page 2 gave no text",
        "pictures of pages were not read: OCR is not installed",
    )
    for mode in ("auto", "on"):
        with pytest.raises(DocumentRefused, match=r"pip install 'ragkb\[ocr\]'"):
            load(encoded(scanned(TEXT), "PNG"), "a.png", LIMITS, mode)


def test_ocr_can_be_switched_off(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(scanned(TEXT), "PNG"))
    (tmp_path / "a.txt").write_text("Something.")
    settings = Settings.load(ingest=IngestSettings(ocr="off"))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings) as kb:
        (file,) = kb.ingest(tmp_path / "a.png").refused
        assert file.reason == "a picture, and OCR is switched off: set ingest.ocr to auto"


@needs_ocr
def test_pictures_that_cannot_be_read_are_refused() -> None:
    from PIL import Image

    with pytest.raises(DocumentRefused, match="no text found"):
        load(encoded(Image.new("RGB", (400, 300), "white"), "PNG"), "a.png", LIMITS)
    with pytest.raises(DocumentRefused, match="broken PNG"):
        load(encoded(scanned(TEXT), "PNG")[:200], "a.png", LIMITS)
    with pytest.raises(LimitExceeded, match="pixels"):
        load(encoded(Image.new("1", (20_000, 20_000)), "PNG"), "a.png", LIMITS)


@needs_ocr
def test_a_scan_is_read_again_once_ocr_is_on(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "scan.pdf").write_bytes(
        drawn(lambda sheet: sheet.drawString(72, 700, "Typed page."), picture_page(scanned(TEXT)))
    )
    said = []
    for mode in ("off", "off", "on", "on"):
        settings = Settings(ingest=IngestSettings(ocr=mode))
        with KnowledgeBase.open(tmp_path / "kb", settings=settings) as kb:
            (file,) = kb.ingest(tmp_path / "docs").files
            said.append((file.status, file.ocr_pages))
    assert said == [("partial", 0), ("unchanged", 0), ("ingested", 1), ("unchanged", 0)]
