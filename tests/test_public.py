"""What a program may rely on: the public names, what importing costs, the tree of errors."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys

import pytest

import ragkb
from ragkb import errors

VALUES = {
    "Answer", "Chunk", "Citation", "Conflict", "Document", "DocumentInfo", "Hit", "KnowledgeBase", "NewDocument",
    "Original", "PassagesFound", "Principal", "Related", "Sentence", "SentenceScored", "Settings", "Turn",
}  # fmt: skip
ERRORS = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.RagkbError)
}


def test_the_public_names_are_these_and_stand_sorted() -> None:
    assert ragkb.__all__ == sorted(VALUES | set(ERRORS))


@pytest.mark.parametrize("name", sorted(VALUES | set(ERRORS)))
def test_a_public_name_is_what_it_says_and_documented(name: str) -> None:
    value = getattr(ragkb, name)
    assert value.__name__ == name
    assert value.__module__.startswith("ragkb.")
    assert value.__doc__
    assert getattr(ragkb, name) is value


def test_other_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Embeder'"):
        ragkb.Embeder  # noqa: B018
    assert not hasattr(ragkb, "__wrapped__")
    assert set(ragkb.__all__) <= set(dir(ragkb))


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert ragkb.__version__ == version("ragkb")


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


HEAVY = {"numpy", "pydantic", "faiss", "tantivy", "onnxruntime", "tokenizers", "torch", "transformers", "fastapi"}


def test_importing_ragkb_costs_nothing() -> None:
    assert not loaded_by("import ragkb") & HEAVY


def test_errors_and_values_cost_nothing_either() -> None:
    assert not loaded_by("from ragkb import Busy, Hit, Principal") & HEAVY


def test_the_knowledge_base_never_takes_pytorch() -> None:
    loaded = loaded_by("from ragkb import KnowledgeBase")
    assert "numpy" in loaded
    assert not loaded & {"torch", "transformers", "sentence_transformers", "fastapi"}


def test_a_star_import_gives_every_public_name() -> None:
    names: dict[str, object] = {}
    exec("from ragkb import *", names)
    assert set(ragkb.__all__) <= names.keys()


# --- errors -----------------------------------------------------------------------------------------------------------


def drawn() -> dict[str, tuple[str, int, int]]:
    """The tree in the docstring of ragkb.errors: name -> (its parent, exit code, HTTP status)."""
    tree: dict[str, tuple[str, int, int]] = {}
    path = {0: "RagkbError"}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"\s{4}((?:│   |    )*)[├└]── (\w+) +(\d+) +(\d+) ", line):
            depth = len(found[1]) // 4 + 1
            path[depth] = found[2]
            tree[found[2]] = (path[depth - 1], int(found[3]), int(found[4]))
    return tree


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert drawn().keys() == ERRORS.keys() - {"RagkbError"}
    for name, (parent, exit_code, http_status) in drawn().items():
        error = ERRORS[name]
        assert (error.__base__.__name__, error.exit_code, error.http_status) == (parent, exit_code, http_status)


def test_every_error_has_an_exit_code_of_its_kind() -> None:
    assert {error.exit_code for error in ERRORS.values()} == {1, 2, 3, 4, 5, 6, 7, 8}
    assert all(400 <= error.http_status < 600 for error in ERRORS.values())


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_an_error_survives_pickling(name: str) -> None:
    error = ERRORS[name]("it is full", "make room")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ERRORS[name]
    assert (again.message, again.hint, str(again)) == ("it is full", "make room", "it is full: make room")


def test_an_error_without_a_hint_is_its_message() -> None:
    assert str(errors.Busy("taken")) == "taken"
