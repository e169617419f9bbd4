"""What requests may hold. Strict: `k: false` is no number, and an unknown field is an error that names the known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ragkb.store.ledger import Feedback
from ragkb.types import Principal, Turn

WHERE_KEYS = 32
WHERE_VALUES = 100
LONGEST_NAME = 1024
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_SCALAR = {"type": ["string", "integer", "number", "boolean"]}


def _text(value: str) -> str:
    """subtle: JSON may hold half of a surrogate pair, which is no text and which no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("text", "not Unicode: it holds half of a surrogate pair") from None
    return value


def _name(value: str) -> str:
    if not value.strip() or len(value) > LONGEST_NAME or _UNPRINTABLE.search(value):
        raise PydanticCustomError("name", f"not a name of 1 to {LONGEST_NAME} printable characters")
    return _text(value)


def _scalar(key: str, value: object) -> None:
    if isinstance(value, str):
        _text(value)
    elif not isinstance(value, (bool, int, float)) or not math.isfinite(value) or abs(value) >= 2**63:
        raise PydanticCustomError("scalar", "{key}: neither a string, a number nor a boolean", {"key": key})


def _key(key: str) -> None:
    if '"' in key or "\\" in key or len(key) > LONGEST_NAME or _UNPRINTABLE.search(key):
        raise PydanticCustomError("key", "a key holds quotes, backslashes or control characters, or is too long")
    _text(key)


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    for key, item in value.items():
        _key(key)
        _scalar(key, item)
    return value


def _where(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) > WHERE_KEYS:
        raise PydanticCustomError("where", f"more than {WHERE_KEYS} keys")
    for key, wanted in value.items():
        _key(key)
        options = wanted if isinstance(wanted, list) else [wanted]
        if not 1 <= len(options) <= WHERE_VALUES:
            raise PydanticCustomError("where", "{key}: not 1 to {most} values", {"key": key, "most": WHERE_VALUES})
        for option in options:
            _scalar(key, option)
    return value


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
Asked = Annotated[Text, Field(json_schema_extra={"minLength": 1, "pattern": r"\S"})]
WhereMap = Annotated[
    dict[str, Any],
    AfterValidator(_where),
    Field(json_schema_extra={"additionalProperties": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}}),
]
MetadataMap = Annotated[
    dict[str, Any], AfterValidator(_metadata), Field(json_schema_extra={"additionalProperties": _SCALAR})
]


class Body(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, value: Any) -> Any:
        """Raises an error that names the known fields, where there is one that is not."""
        unknown = [key for key in value if key not in cls.names()] if isinstance(value, Mapping) else []
        if unknown:
            context = {"field": str(unknown[0])[:80], "hint": f"the fields are {', '.join(cls.names())}"}
            raise PydanticCustomError("unknown_field", "unknown field '{field}'", context)
        return value

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What the fields may be called."""
        return tuple(
            str(name)
            for field, info in cls.model_fields.items()
            for name in (info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else (field,))
        )


class TurnBody(Body):
    """One thing said before."""

    role: Literal["user", "assistant"]
    content: Text

    def turn(self) -> Turn:
        return Turn(self.role, self.content)


class _Looking(Body):
    k: int | None = Field(None, ge=1, description="how many passages to find")
    where: WhereMap | None = Field(
        None,
        description="metadata key, or id, source, title, media_type, language, to a value or a list of which one fits",
    )


class SearchBody(_Looking):
    """Looks for passages."""

    query: Asked = Field(validation_alias=AliasChoices("query", "question"), description="what to look for")
    stream: Literal[False] = Field(False, description="hits come at once: there is nothing to stream")


class QueryBody(_Looking):
    """Asks a question."""

    question: Asked = Field(validation_alias=AliasChoices("question", "query"), description="what to answer")
    history: list[TurnBody] = Field(default=[], description="what was said before, oldest first")
    stream: bool = Field(False, description="answer as server-sent events")


class CitedBody(Body):
    """What an answer cited."""

    source: Text
    page: int | None = Field(None, ge=1)
    quote: Annotated[Text, Field(max_length=20_000)] = ""


class FeedbackBody(Body):
    """What a person thinks of an answer."""

    question: Annotated[Asked, Field(max_length=20_000)]
    answer: Annotated[Text, Field(max_length=200_000)] = Field(description="as it was given")
    rating: Literal["up", "down"]
    comment: Annotated[Text, Field(max_length=20_000)] = ""
    correction: Annotated[Text, Field(max_length=20_000)] = Field("", description="what would have been right")
    citations: Annotated[list[CitedBody], Field(max_length=200)] = Field(default=[], description="of the answer")

    def feedback(self, asker: Principal) -> Feedback:
        citations = tuple(one.model_dump() for one in self.citations)
        return Feedback(
            question=self.question,
            answer=self.answer,
            rating=self.rating,
            user=asker.user,
            groups=asker.groups,
            comment=self.comment,
            correction=self.correction,
            citations=citations,
        )


class NewDocumentBody(Body):
    """A document that is text already. The same source replaces it."""

    source: Name = Field(description="its name, which identifies it")
    text: Text
    title: Text = ""
    groups: list[Text] = Field(default=[], description="who may read it; empty: everyone")
    metadata: MetadataMap = Field(default={}, description="values to filter by")


class NewKeyBody(Body):
    """A key to make. Without groups it sees what everyone may see, as an admin everything."""

    name: Name = Field(description="whose it is; the user's name in the audit log")
    role: Literal["reader", "writer", "admin"] = "reader"
    groups: list[Text] = Field(default=[], description="whose documents it sees; `*`: all")
    expires_days: int | None = Field(365, ge=1, le=36_500, description="days until it ends; null: it does not")
