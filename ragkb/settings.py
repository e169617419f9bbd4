"""Every setting once.

A value comes from, strongest first: the argument or command option, the environment (`RAGKB_SEARCH__K=5`), the file
`ragkb.toml` in the current folder (or the one that `RAGKB_CONFIG` names), the default here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from ragkb.errors import InputError

OcrMode = Literal["auto", "on", "off"]
RedactKind = Literal["email", "phone", "iban", "card", "national_id"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChunkSettings(_Section):
    """How documents are cut. Sizes are tokens of the embedder."""

    tokens: int = Field(200, ge=32, le=2000, description="most tokens of a chunk's own text")
    context_tokens: int = Field(
        40, ge=0, le=200, description="most tokens of title, headings and table header before it"
    )


class SearchSettings(_Section):
    """How chunks are found."""

    k: int = Field(10, ge=1, le=1000, description="hits returned when the caller does not say")
    candidates: int = Field(100, ge=10, le=10_000, description="chunks that each leg proposes to the fusion")
    dense_weight: float = Field(
        0.5, ge=0, le=1, description="share of the dense leg for a query that the embedder reads"
    )


class AnswerSettings(_Section):
    """How an answer is made."""

    passages: int = Field(8, ge=1, le=100, description="hits that are read for an answer")
    sentences: int = Field(3, ge=1, le=10, description="most evidence sentences in an answer")
    support: str = Field(
        "builtin",
        description="what scores the support of sentences: `builtin`, `nli:MODEL` (a cross-encoder), `module:Factory`",
    )
    threshold: float = Field(0.34, ge=0, le=1, description="least confidence to answer; below it the answer abstains")


class WebSettings(_Section):
    """Which pages may be fetched. Nothing is, until hosts are named."""

    allow: tuple[str, ...] = Field(
        (), description='hosts that may be fetched: `["docs.example.com", "*.example.com"]`; `"*"` is every public host'
    )
    private: bool = Field(
        False, description="hosts named in `allow` may have private addresses; metadata services never may"
    )
    ports: tuple[int, ...] = Field((80, 443), description="ports that may be fetched from")
    pages: int = Field(1_000, ge=1, description="most pages of a sitemap")
    seconds: float = Field(30, gt=0, le=600, description="most time for one page, redirects included")


class IngestSettings(_Section):
    """How documents are read, and what is left out before anything is stored."""

    workers: int = Field(
        -1,
        ge=-1,
        le=64,
        description="processes that parse; -1: one for two cores; 0: the ingest parses by itself, without a sandbox",
    )
    ocr: OcrMode = Field(
        "auto", description="pictures of pages: `auto` reads them where the extra `ocr` is installed, `on`, `off`"
    )
    redact: tuple[RedactKind, ...] = Field(
        (), description="kinds that are replaced: `email`, `phone`, `iban`, `card`, `national_id`"
    )
    redact_regions: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = Field(
        ("US", "CN"), description="countries whose telephone numbers are recognised without `+` and country code"
    )
    web: WebSettings = WebSettings()


class LimitSettings(_Section):
    """What is refused."""

    file_bytes: int = Field(200_000_000, ge=1, description="largest file that is read")
    inflated_bytes: int = Field(
        500_000_000, ge=1, description="most bytes that an archive (zip, docx, epub) may unpack to"
    )
    text_characters: int = Field(50_000_000, ge=1, description="most text taken from one file")
    members: int = Field(10_000, ge=1, description="most files taken from one archive or message, those inside too")
    nesting: int = Field(3, ge=1, le=10, description="archives and messages inside each other that are opened")
    pages: int = Field(20_000, ge=1, description="most pages of one file")
    memory_bytes: int = Field(2_000_000_000, ge=200_000_000, description="most memory that parsing one file may take")
    seconds: int = Field(
        30, ge=1, le=86_400, description="longest time that parsing one file may take, and 1 s more for each 4 MB"
    )
    ocr_seconds: int = Field(60, ge=1, le=86_400, description="longest time for a page that is read by OCR")
    question_characters: int = Field(8_000, ge=1, description="longest question")
    k: int = Field(1_000, ge=1, description="most hits that one request may ask for")


class ServerSettings(_Section):
    """Where the server listens and what it accepts."""

    host: str = Field("127.0.0.1", description="address to bind; other than loopback needs keys")
    port: int = Field(8000, ge=0, le=65535, description="port to bind; 0 takes a free one")
    body_bytes: int = Field(1_000_000, ge=1, description="largest body of a request")
    concurrency: int = Field(8, ge=1, description="requests that search at once; the others wait")


class Settings(BaseSettings):
    """All settings. Frozen: a change is a new value, passed in."""

    model_config = SettingsConfigDict(
        env_prefix="RAGKB_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    embedder: str = Field("minilm", description="'minilm', or a sentence-transformers model by name or folder")
    threads: int = Field(0, ge=0, description="threads of the embedder; 0 takes the machine's cores")
    ingest: IngestSettings = IngestSettings()
    chunk: ChunkSettings = ChunkSettings()
    search: SearchSettings = SearchSettings()
    answer: AnswerSettings = AnswerSettings()
    limits: LimitSettings = LimitSettings()
    server: ServerSettings = ServerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = os.environ.get("RAGKB_CONFIG")
        if named and not Path(named).is_file():
            raise InputError(f"RAGKB_CONFIG names {named}, which is no file", "correct it or unset it")
        toml = TomlConfigSettingsSource(settings_cls, Path(named or "ragkb.toml"))
        return init_settings, env_settings, toml

    @classmethod
    def load(cls, **values: object) -> Settings:
        """The settings in force. Raises InputError that names the wrong setting."""
        try:
            return cls(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"setting {name}: {first['msg']}", f"got {first['input']!r}; see docs/settings.md"
            ) from None
        except ValueError as error:
            raise InputError(f"ragkb.toml cannot be read: {error}", "check its TOML syntax") from None

    def redacting(self) -> Settings:
        """These settings with redaction on: of the kinds that they name, of all if they name none."""
        kinds = self.ingest.redact or get_args(RedactKind)
        return self.model_copy(update={"ingest": self.ingest.model_copy(update={"redact": kinds})})
