"""Reading pictures of pages: rapidocr with the models of its own wheel, Chinese and English. It never uses a network.

An optional part: `pip install 'ragkb[ocr]'`. Nothing here is imported before the first picture comes.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ragkb.errors import DocumentRefused
from ragkb.ingest.loaders.pdf_words import Line, Word

DPI = 200
"""The resolution at which pages without text are drawn to be read."""

_LEAST_CONFIDENCE = 0.6
_LEGIBLE = 0.85  # mean confidence under which a page may lie on its side or head
_STRIP = 4  # long side to short one, at most
_HINT = "pip install 'ragkb[ocr]'"
_MODELS = {"Det": "*_det_*.onnx", "Rec": "*_rec_*.onnx", "Cls": "*_cls_*.onnx"}
_LOCK = threading.Lock()


def enabled(mode: str) -> bool:
    """True if pictures are read: mode 'on', or 'auto' where the extra is installed.

    Raises DocumentRefused for 'on' without the extra.
    """
    if mode == "off":
        return False
    installed = importlib.util.find_spec("rapidocr") is not None
    if mode == "on" and not installed:
        raise DocumentRefused("OCR is switched on but not installed", _HINT)
    return installed


def why_not(mode: str) -> tuple[str, str]:
    """(reason, hint) for a picture that is not read in this mode."""
    return ("OCR is switched off", "set ingest.ocr to auto") if mode == "off" else ("OCR is not installed", _HINT)


def read(pixels: np.ndarray, height: float = 0.0) -> tuple[Line, ...]:
    """The lines of a page's picture from top to bottom, those of one row joined. What is hardly legible is dropped.

    pixels: uint8, shape (rows, columns, 3), red first. height: of the page in points, 0 takes a point a pixel. Places
    are in points from the page's lower left.
    """
    found, turns = _best(np.ascontiguousarray(pixels[:, :, ::-1]))
    if not found:
        return ()
    if turns:  # places on the page as it was read; the page is shown as it lies, so they tell the order alone
        height, pixels = 0.0, np.rot90(pixels, turns)
    scale = height / pixels.shape[0] if height else 1.0
    words = [
        _word(text, box, scale, pixels.shape[0])
        for text, box, score in found
        if score >= _LEAST_CONFIDENCE and text.strip()
    ]
    return tuple(_line(row) for row in _rows(words))


def _best(pixels: np.ndarray) -> tuple[list[tuple[str, np.ndarray, float]], int]:
    """What is read, and by how many quarters the page was turned for it: other ways than upright only if that fails.

    The reader's own test of a line's direction turns upright lines round where a scan is noisy, so it is off.
    """
    upright = _run(pixels)
    if not upright or sum(score for _, _, score in upright) >= _LEGIBLE * len(upright):
        return upright, 0
    found = {turns: _run(np.ascontiguousarray(np.rot90(pixels, turns))) for turns in (1, 2, 3)} | {0: upright}
    turns = max(found, key=lambda turns: sum(len(text) * score**2 for text, _, score in found[turns]))
    return found[turns], turns


def _run(pixels: np.ndarray) -> list[tuple[str, np.ndarray, float]]:
    """(text, corners, confidence) of each line."""
    with _LOCK:
        found = _engine()(_widened(pixels), use_cls=False)
    return [] if found.boxes is None else list(zip(found.txts, found.boxes, found.scores, strict=True))


def _widened(pixels: np.ndarray) -> np.ndarray:
    """The picture, a strip with room at its side.

    subtle: the reader enlarges until the shorter side has 736 pixels, which makes tens of millions of a strip.
    """
    rows, columns = pixels.shape[:2]
    room = max(0, columns // _STRIP - rows), max(0, rows // _STRIP - columns)
    if not any(room):
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    wide = np.empty((rows + room[0], columns + room[1], 3), np.uint8)
    wide[:] = np.median(edge, axis=0)
    wide[:rows, :columns] = pixels
    return wide


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The reader, made once: about a second, and 300 MB while it reads."""
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    # subtle: as many threads as cores would be too many beside other parsers, and they burn what they wait
    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 2}
    paths = {f"{part}.model_path": str(_model(folder, pattern)) for part, pattern in _MODELS.items()}
    return rapidocr.RapidOCR(params={"Global.log_level": "critical", **threads, **paths})


def _model(folder: Path, pattern: str) -> Path:
    """The model that came with the wheel; without it rapidocr would fetch one."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise DocumentRefused("the OCR models are missing", "install rapidocr again")
    return found[0]


def _word(text: str, box: np.ndarray, scale: float, rows: int) -> Word:
    xs, ys = box[:, 0] * scale, (rows - box[:, 1]) * scale
    # subtle: of a tilted line the box's own corners tell its height, not the rectangle around it
    height = float(abs(np.linalg.norm(box[3] - box[0]) + np.linalg.norm(box[2] - box[1]))) / 2 * scale
    middle = float(ys[0] + ys[3]) / 2  # at its beginning
    return Word(" ".join(text.split()), float(xs.min()), float(xs.max()), middle - height / 2, middle + height / 2)


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """The words by rows from top to bottom, left to right in each."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: -(word.top + word.bottom)):
        above = rows[-1][0] if rows else None
        if above and _is_beside(rows[-1], word):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.left) for row in rows]


def _is_beside(row: Sequence[Word], word: Word) -> bool:
    """True if the word stands in the row, over nothing of it."""
    middle = median((other.top + other.bottom) / 2 for other in row)
    height = max(word.top - word.bottom, row[0].top - row[0].bottom)
    apart = all(word.left >= other.right - 1 or word.right <= other.left + 1 for other in row)
    return apart and abs(middle - (word.top + word.bottom) / 2) <= 0.5 * height


def _line(row: Sequence[Word]) -> Line:
    return Line(" ".join([word.text for word in row]), tuple(row), round(row[0].top - row[0].bottom))
