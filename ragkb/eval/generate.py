"""A first answers file for a knowledge base that has none, made of the documents themselves, for people to review."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkb.errors import InputError
from ragkb.eval.measures import normalise
from ragkb.eval.templates import Made, questions_of
from ragkb.text.language import cjk_share
from ragkb.types import Document, Principal, page_at

if TYPE_CHECKING:
    from ragkb.kb import KnowledgeBase

Propose = Callable[[Document], Iterable[Made]]

LONGEST = 300
"""Characters of an answer and of a quote."""

_ENOUGH = 4  # times as many questions as are wanted, to choose from


def generate(
    kb: KnowledgeBase, most: int, unanswerable: float = 0.25, propose: Propose = questions_of
) -> tuple[list[dict[str, Any]], list[str]]:
    """(rows of an answers file, sources to leave out): up to `most` rows, spread over documents and kinds.

    propose: finds questions in a document, by templates if nothing else is given.

    unanswerable: share of the rows whose document is to be left out when they are asked, so that nothing holds their
    answer. An answer that stands in two documents makes no row. Same documents, same rows. Raises InputError where the
    templates find nothing.
    """
    admin = Principal.admin()
    documents = sorted((kb.document(one.id, as_=admin) for one in kb.documents(as_=admin)), key=_shuffled)
    texts = {document.source: normalise(document.text) for document in documents}
    made: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        if sum(map(len, made.values())) >= _ENOUGH * most:  # no language model is asked about all of a large store
            break
        made[document.source] = _rows(document, texts, propose)
    wanted = round(most * unanswerable)
    left_out = _enough(made, wanted) if wanted else []
    kept = _spread([rows for source, rows in made.items() if source not in left_out])[: most - wanted]
    without = _spread([made[source] for source in left_out])[:wanted]
    if not kept:
        raise InputError(
            "nothing was found to ask about: no FAQ entry, definition, table or heading", "write questions by hand"
        )
    rows = [*kept, *({**row, "answerable": False, "evidence": [], "answers": []} for row in without)]
    return [{"id": f"g{number:04}", **row} for number, row in enumerate(rows, 1)], sorted(left_out)


def suite_file(questions: Path, left_out: Sequence[str]) -> str:
    """The suite that asks these questions with those documents left out."""
    import json

    names = "".join(f"  {json.dumps(source, ensure_ascii=False)},\n" for source in left_out)
    return (
        f'[[suite]]\nname = "{questions.stem}"\nquestions = {json.dumps(questions.name, ensure_ascii=False)}\n'
        f"leave_out = [\n{names}]\n"
    )


def _shuffled(document: Document) -> str:
    """An order that has nothing to do with names, the same each time."""
    return hashlib.sha256(document.source.encode()).hexdigest()


def _rows(document: Document, texts: dict[str, str], propose: Propose) -> list[dict[str, Any]]:
    """The rows of one document, kinds in turn."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for made in propose(document):
        if made.end - made.start <= LONGEST and _is_here_alone(made, document, texts):
            kinds.setdefault(made.kind, []).append(_row(made, document))
    return _spread(kinds.values())


def _is_here_alone(made: Made, document: Document, texts: dict[str, str]) -> bool:
    quote = normalise(document.text[made.start : made.end])
    return sum(quote in text for text in texts.values()) == 1


def _row(made: Made, document: Document) -> dict[str, Any]:
    quote = document.text[made.start : made.end].strip()
    return {
        "question": made.question,
        "answers": [made.answer] if made.answer else [],
        "evidence": [{"source": document.source, "page": page_at(document.page_starts, made.start), "quote": quote}],
        "answerable": True,
        "groups": list(document.groups),
        "type": made.kind,
        "language": "zh" if cjk_share(made.question) > 0.3 else "en",
        "made_from": document.source,
    }


def _spread(lists: Iterable[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The first of each list, then the second of each; a question stands there once."""
    seen: dict[str, dict[str, Any]] = {}
    for row in _in_turn(lists):
        seen.setdefault(row["question"], row)
    return list(seen.values())


def _in_turn(lists: Iterable[Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for turn in zip_longest(*lists):
        yield from (row for row in turn if row is not None)


def _enough(made: dict[str, list[dict[str, Any]]], wanted: int) -> list[str]:
    """Sources, the last first, that have as many rows together; never more than half of those that have any."""
    having = [source for source, rows in made.items() if rows]
    chosen: list[str] = []
    for source in reversed(having[len(having) // 2 :]):
        if sum(len(made[one]) for one in chosen) >= wanted:
            break
        chosen.append(source)
    return chosen
