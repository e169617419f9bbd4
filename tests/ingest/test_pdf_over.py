"""What lies over the pages of a PDF: form fields, remarks, files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import more_files as make
import pypdf
import pytest
from pdf_files import drawn
from pypdf.annotations import FreeText, Text
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from benchmarks.ingest.hostile_files import pdf
from benchmarks.ingest.made_files import pdf_over
from ragkb import KnowledgeBase, Principal
from ragkb.ingest.loaders import load
from ragkb.ingest.members import expand
from ragkb.models import Embedder
from ragkb.settings import LimitSettings, Settings

LIMITS = LimitSettings()


def written(data: bytes, change: Any) -> bytes:
    """The PDF after a change by pypdf."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def form(sheet: Any) -> None:
    sheet.drawString(72, 760, "Application for leave")
    sheet.drawString(72, 720, "Name:")
    sheet.acroForm.textfield(name="name", value="Ana Gómez", x=120, y=712, width=200, height=20)
    sheet.drawString(72, 690, "Reason:")
    sheet.acroForm.choice(name="why", value="Move", options=["Move", "Wedding"], x=120, y=682, width=200, height=20)
    sheet.acroForm.checkbox(name="paid", checked=True, x=72, y=650, size=16)
    sheet.drawString(100, 654, "paid leave")
    sheet.acroForm.checkbox(name="unpaid", checked=False, x=72, y=630, size=16)
    sheet.drawString(100, 634, "unpaid leave")
    sheet.acroForm.textfield(name="empty", value="", x=120, y=600, width=200, height=20)
    sheet.acroForm.textfield(name="key", value="hunter2", x=120, y=570, width=200, height=20, fieldFlags="password")
    sheet.drawString(72, 500, "Signed on paper.")


def test_the_values_of_a_form_stand_behind_their_labels() -> None:
    assert load(drawn(form), "a.pdf", LIMITS, "off").text.split("\n") == [
        "Application for leave",
        "Name: Ana Gómez",
        "Reason: Move",
        "[x] paid leave",
        "unpaid leave",
        "",
        "Signed on paper.",
    ]


def test_a_value_without_a_label_stands_where_the_page_shows_it() -> None:
    def page(sheet: Any) -> None:
        sheet.drawString(72, 760, "Remarks of the employee")
        sheet.acroForm.textfield(name="a", value="I move to Lyon.", x=72, y=700, width=300, height=40)
        sheet.drawString(72, 600, "End of the form")

    lines = load(drawn(page), "a.pdf", LIMITS, "off").text.split()
    assert lines == "Remarks of the employee I move to Lyon. End of the form".split()


def remarked(writer: Any) -> None:
    box = (100, 100, 300, 120)
    writer.add_annotation(0, FreeText(text="Approved by the board", rect=box))
    writer.add_annotation(0, Text(text="Ask Ben first", rect=box, title_bar="Ana"))


def test_text_boxes_are_read_and_remarks_are_hidden() -> None:
    data = written(drawn(lambda sheet: sheet.drawString(72, 760, "A page.")), remarked)
    assert load(data, "a.pdf", LIMITS, "off").text.split("\n") == ["A page.", "Approved by the board"]
    kept = load(data, "a.pdf", LIMITS, "off", keeps_hidden=True).text
    assert "[hidden text] Comment by Ana: Ask Ben first" in kept


def test_a_field_that_is_not_shown_is_hidden() -> None:
    def hide(writer: Any) -> None:
        field = writer.pages[0]["/Annots"][0].get_object()
        field[NameObject("/F")] = NumberObject(2)

    data = written(
        drawn(
            lambda sheet: (
                sheet.drawString(72, 760, "A page."),
                sheet.acroForm.textfield(name="a", value="secret value", x=72, y=700, width=300, height=20),
            )
        ),
        hide,
    )
    assert load(data, "a.pdf", LIMITS, "off").text == "A page."
    assert "[hidden text] Hidden field: secret value" in load(data, "a.pdf", LIMITS, "off", True).text


def test_the_file_that_is_damaged_for_fuzzing_has_all_of_it() -> None:
    found = load(pdf_over(), "a.pdf", LIMITS, "off", keeps_hidden=True).text
    assert found.startswith("The hall has three doors.\n")
    assert all(word in found for word in ("Ana", "Approved", "[hidden text] Comment by Ana: Ask Ben"))
    assert [member.source for member in expand(pdf_over(), "a.pdf", LIMITS)] == ["a.pdf", "a.pdf/a.txt"]


# --- files inside -----------------------------------------------------------------------------------------------------


def with_files(data: bytes, files: dict[str, bytes]) -> bytes:
    return written(data, lambda writer: [writer.add_attachment(name, held) for name, held in files.items()])


def pinned(writer: Any) -> None:
    """Hangs a file on a place of the first page."""
    held = StreamObject()
    held.set_data(b"Pinned words.")
    held[NameObject("/Type")] = NameObject("/EmbeddedFile")
    spec = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject("pinned.txt"),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(held)}),
        }
    )
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/FileAttachment"),
            NameObject("/Rect"): ArrayObject([NumberObject(value) for value in (10, 10, 20, 20)]),
            NameObject("/FS"): spec,
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(annotation)])


@pytest.mark.parametrize("packs", [False, True])
def test_the_files_inside_a_pdf_are_documents_of_their_own(packs: bool) -> None:
    files = {"合同.txt": "三个月".encode(), "in.zip": make.archive({"b.csv": "a,b\n1,2\n"}), "x.bin": b"\0\1"}

    def change(writer: Any) -> None:
        for name, held in files.items():
            writer.add_attachment(name, held)
        pinned(writer)
        if packs:
            writer.compress_identical_objects()
            for page in writer.pages:
                page.compress_content_streams()

    data = written(pdf(), change)
    found = {member.source: member for member in expand(data, "offer.pdf", LIMITS)}
    assert set(found) == {"offer.pdf", "offer.pdf/合同.txt", "offer.pdf/in.zip/b.csv", "offer.pdf/pinned.txt"}
    assert found["offer.pdf/pinned.txt"].data == b"Pinned words."
    assert load(data, "offer.pdf", LIMITS, "off").warnings == ("attachments not read: x.bin",)


def test_a_pdf_that_holds_itself_or_too_much_ends_at_the_limits() -> None:
    data = with_files(pdf(), {"a.txt": b"x" * 900, "b.txt": b"y" * 900})
    for _ in range(4):
        data = with_files(pdf(), {"in.pdf": data})
    refused = {member.source: member.refused for member in expand(data, "a.pdf", LimitSettings(inflated_bytes=10_000))}
    assert any("inflated_bytes" in reason for reason in refused.values())
    refused = {member.source: member.refused for member in expand(data, "a.pdf", LIMITS)}
    assert "limits.nesting" in refused["a.pdf/in.pdf/in.pdf/in.pdf/in.pdf"]


def test_they_are_ingested_recognised_replaced_and_removed(tmp_path: Path, words: Embedder) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(with_files(pdf(), {"prices.csv": b"item,price\npump,40\n", "bad.docx": b"no"}))
    (folder / "plain.pdf").write_bytes(pdf())
    settings = Settings.load(ingest={"ocr": "off"})
    with KnowledgeBase.open(tmp_path / "kb", embedder=words, settings=settings) as kb:

        def statuses(**options: bool) -> dict[str, str]:
            return {file.source: file.status for file in kb.ingest(folder, **options).files}

        first = {"a.pdf": "partial", "a.pdf/prices.csv": "ingested", "plain.pdf": "ingested"}
        assert statuses() == first
        assert set(statuses(prune=True).values()) == {"unchanged"}
        (hit,) = kb.search("pump price", k=1)
        assert hit.source == "a.pdf/prices.csv"
        (folder / "a.pdf").write_bytes(with_files(pdf(), {"prices.csv": b"item,price\npump,42\n"}))
        assert statuses()["a.pdf/prices.csv"] == "ingested"
        (folder / "a.pdf").write_bytes(pdf())
        assert statuses(prune=True)["a.pdf/prices.csv"] == "removed"
        assert {info.source for info in kb.documents(as_=Principal.admin())} == {"a.pdf", "plain.pdf"}
