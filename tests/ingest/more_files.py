"""One example of every extension, beside the files of formats that no library at hand writes."""

from __future__ import annotations

import ingest_files as make
from pdf_files import encoded, scanned

from benchmarks.ingest.made_files import Tree, archive, eml, epub, message_tree, mhtml, msg, odf

__all__ = ["Tree", "archive", "eml", "epub", "examples", "message_tree", "mhtml", "msg", "odf"]


def examples() -> dict[str, bytes]:
    """Extension to a file of that format whose text holds `25 days`."""
    text = "Annual leave is 25 days."
    docx = make.docx(lambda document: document.add_paragraph(text))
    xlsx = make.xlsx(lambda workbook: workbook.active.append(["Leave", text]))
    markup = f"<html><body><h1>Leave</h1><p>{text}</p></body></html>".encode()
    paragraph = f"<text:p>{text}</text:p>"
    cell = f"<table:table-row><table:table-cell>{paragraph}</table:table-cell></table:table-row>"
    sheet = f'<table:table table:name="S">{cell}</table:table>'
    slide = f"<draw:page><draw:frame><draw:text-box>{paragraph}</draw:text-box></draw:frame></draw:page>"

    def pptx(presentation: object) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])  # type: ignore[attr-defined]
        slide.shapes.title.text = text

    made = {
        ".csv": f"topic,rule\nleave,{text}\n".encode(), ".docx": docx, ".eml": eml("Leave", text),
        ".epub": epub({"one": f"<p>{text}</p>"}), ".htm": markup, ".html": markup, ".xhtml": markup,
        ".json": f'{{"leave": "{text}"}}'.encode(), ".jsonl": f'{{"a": "{text}"}}\n{{"a": 2}}\n'.encode(),
        ".ndjson": f'{{"a": "{text}"}}\n{{"a": 2}}\n'.encode(), ".latex": rf"\section{{Leave}} {text}".encode(),
        ".tex": rf"\section{{Leave}} {text}".encode(), ".mht": mhtml(markup.decode()), ".mhtml": mhtml(markup.decode()),
        ".msg": msg(message_tree({0x0037: "Leave", 0x1000: text})), ".odp": odf("presentation", slide),
        ".ods": odf("spreadsheet", sheet), ".odt": odf("text", paragraph), ".pdf": make.pdf([text]),
        ".pptx": make.pptx(pptx), ".rtf": rb"{\rtf1 " + text.encode() + rb"\par}",
        ".tsv": f"a\tb\nx\t{text}\n".encode(), ".xlsm": xlsx, ".xlsx": xlsx, ".zip": archive({"leave.txt": text}),
    }  # fmt: skip
    kinds = {".bmp": "BMP", ".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
    picture = scanned([text])
    return made | {suffix: encoded(picture, kind) for suffix, kind in {**kinds, ".webp": "WEBP"}.items()}
