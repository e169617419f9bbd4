"""How many characters of generated scans are read right.

    python -m benchmarks.ingest.ocr --seed 1 [--font FILE.ttf]

Pages of English and Chinese are drawn at 150, 200 and 300 dpi, turned by up to two degrees, made grey and noisy as
scanners do, and read. Accuracy is 1 - edit distance / length, white space apart. Chinese needs a font that has it: the
one of Debian's package fonts-wqy-microhei, or --font; without one, Chinese is left out, and that is said.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ragkb.ingest.loaders import load
from ragkb.settings import LimitSettings

DEBIAN = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
ENGLISH = (
    "Employees may book first class on trains when the journey takes longer than four hours.",
    "Invoices are paid within 30 days of receipt; a discount of 2.5% applies to early payment.",
    "Total net sales rose from $81,434 to $82,959 million in the third quarter of 2022.",
    "The notice period is three months to the end of a quarter, unless agreed otherwise.",
    "Report every security incident to security@example.com or by telephone 020-7946-0018.",
    "Lithium batteries must not be stored above 45 degrees, nor near flammable material.",
)
CHINESE = (
    "员工出差结束后应当在十个工作日内提交报销单，逾期不予受理。",
    "试用期为三个月，试用期内任何一方可以提前三日通知解除合同。",
    "本公司二〇二二年第三季度营业收入为人民币3,456.78万元，同比增长12.5%。",
    "仓库温度不得超过45摄氏度，锂电池应与易燃物品分开存放。",
    "发现信息安全事件时，请立即拨打内线电话8120并通知部门负责人。",
    "年休假应在当年使用完毕，经批准可以顺延至次年三月三十一日。",
)


def main() -> int:
    """Prints one line for each language, resolution and turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--font", type=Path, default=DEBIAN, help="a font that has Chinese")
    given = parser.parse_args()
    generator = np.random.default_rng(given.seed)
    order = random.Random(given.seed)
    for language, sentences in (("en", ENGLISH), ("zh", CHINESE)):
        if language == "zh" and not given.font.is_file():
            print(f"zh: left out, there is no font {given.font}; install fonts-wqy-microhei or name one with --font")
            continue
        for dpi in (150, 200, 300):
            for turn in (0.0, 1.0, 2.0):
                lines = order.sample(sentences, len(sentences))
                font = given.font if language == "zh" else None
                data = scan(lines, dpi, turn, generator, font)
                started = time.perf_counter()
                text = load(data, "scan.png", LimitSettings(), "on").text
                seconds = time.perf_counter() - started
                print(
                    f"{language} {dpi} dpi, {turn:.0f} degrees: {accuracy(lines, text):.4f} in {seconds:.1f} s",
                    flush=True,
                )
    return 0


def scan(lines: list[str], dpi: int, turn: float, generator: np.random.Generator, font: Path | None) -> bytes:
    """A page (A5 across) of 11-point lines as a scanner gives it, as PNG."""
    image = Image.new("L", (int(8.27 * dpi), int(5.83 * dpi)), 245)
    size = 11 * dpi // 72
    letters = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((int(0.7 * dpi), int((0.7 + 0.6 * number) * dpi)), line, fill=35, font=letters)
    image = image.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=245)
    pixels = np.asarray(image).astype(np.float32) + generator.normal(0, 12, image.size[::-1])
    specks = generator.random(pixels.shape) < 0.001
    pixels[specks] = 60
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def accuracy(lines: list[str], text: str) -> float:
    """1 - edit distance / length, without white space."""
    wanted, got = "".join("".join(lines).split()), "".join(text.split())
    return 1 - distance(wanted, got) / len(wanted)


def distance(left: str, right: str) -> int:
    """Levenshtein's."""
    row = list(range(len(right) + 1))
    for number, character in enumerate(left, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (character != other))
    return row[-1]


if __name__ == "__main__":
    sys.exit(main())
