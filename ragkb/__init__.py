"""A knowledge base over a company's documents: retrieval, checked citations, scored answers, evaluation.

from ragkb import KnowledgeBase

with KnowledgeBase.open("kb") as kb:
    kb.ingest("docs")
    print(kb.ask("How long is parental leave?").text)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragkb.errors import (
        Busy,
        DocumentRefused,
        GateFailed,
        InputError,
        LimitExceeded,
        ModelError,
        NotFound,
        RagkbError,
        StorageError,
    )
    from ragkb.ingest.report import NewDocument
    from ragkb.kb import KnowledgeBase
    from ragkb.settings import Settings
    from ragkb.types import (
        Answer,
        Chunk,
        Citation,
        Conflict,
        Document,
        DocumentInfo,
        Hit,
        Original,
        PassagesFound,
        Principal,
        Related,
        Sentence,
        SentenceScored,
        Turn,
    )

__version__ = "0.2.0"
__all__ = [
    "Answer",
    "Busy",
    "Chunk",
    "Citation",
    "Conflict",
    "Document",
    "DocumentInfo",
    "DocumentRefused",
    "GateFailed",
    "Hit",
    "InputError",
    "KnowledgeBase",
    "LimitExceeded",
    "ModelError",
    "NewDocument",
    "NotFound",
    "Original",
    "PassagesFound",
    "Principal",
    "RagkbError",
    "Related",
    "Sentence",
    "SentenceScored",
    "Settings",
    "StorageError",
    "Turn",
]
_HOMES = {"KnowledgeBase": "ragkb.kb", "NewDocument": "ragkb.ingest.report", "Settings": "ragkb.settings"}
_TYPES = {
    *(
        "Answer",
        "Chunk",
        "Citation",
        "Conflict",
        "Document",
        "DocumentInfo",
        "Hit",
        "Original",
        "PassagesFound",
        "Principal",
        "Related",
        "Sentence",
    ),
    *("SentenceScored", "Turn"),
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used, so that `import ragkb` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'ragkb' has no attribute {name!r}")
    home = _HOMES.get(name, "ragkb.types" if name in _TYPES else "ragkb.errors")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
