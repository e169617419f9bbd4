"""Every setting once.

A value comes from, strongest first: the argument or command option, the environment (`RAGKB_SEARCH__K=5`), the file
`ragkb.toml` in the current folder (or the one that `RAGKB_CONFIG` names), the default here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from ragkb.errors import InputError

KB_NAME = "^[a-z0-9][a-z0-9_-]{0,63}$"
OcrMode = Literal["auto", "on", "off"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
RedactKind = Literal["email", "phone", "iban", "card", "national_id"]
Policy = Literal["flag", "drop", "refuse"]
Precision = Literal["auto", "int8", "float32"]


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
    page_hits: int = Field(
        2, ge=0, le=1000, description="most hits of one page before those of other pages; 0: as many as there are"
    )
    document_hits: int = Field(
        5,
        ge=0,
        le=1000,
        description="most hits of one document before those of others, unless the question names it; 0: any",
    )
    collapse: bool = Field(True, description="one hit for chunks that say the same; it tells where the others are")
    dense_weight: float = Field(
        0.5, ge=0, le=1, description="share of the dense leg for a query that the embedder reads"
    )
    remembered: int = Field(
        256, ge=0, le=100_000, description="searches whose hits are kept in memory until documents change; 0: none"
    )
    rerank: str = Field(
        "", description="cross-encoder by name or folder, `torch:NAME` to run it by PyTorch; empty: none"
    )
    rerank_top: int = Field(20, ge=2, le=1000, description="chunks that are reranked")
    rerank_ms: int = Field(
        500, ge=1, le=600_000, description="milliseconds after which the others keep the order they had"
    )


class AnswerSettings(_Section):
    """How an answer is made."""

    passages: int = Field(8, ge=1, le=100, description="hits that are read for an answer")
    sentences: int = Field(3, ge=1, le=10, description="most evidence sentences in an answer")
    support: str = Field(
        "builtin",
        description="what scores sentences: `builtin`, `aligned` (slower), `nli:CROSS-ENCODER`, `module:Factory`",
    )
    threshold: float = Field(0.5, ge=0, le=1, description="least confidence to answer; below it the answer abstains")
    policy: Policy = Field(
        "flag", description="sentences that are not supported: `flag` them, `drop` them, or `refuse` the whole answer"
    )
    least_support: float | None = Field(
        None, ge=0, le=1, description="support under which a sentence is not supported; None: the scorer's own"
    )


class LlmSettings(_Section):
    """The language model that writes answers. None is asked, and nothing is sent, unless `url` is set."""

    url: str = Field(
        "", description="OpenAI's protocol, `http://localhost:11434/v1`, or `local:NAME` for transformers; empty: none"
    )
    model: str = Field("", description="the model's name at that address")
    api_key: SecretStr = Field(SecretStr(""), description="key of that address; better given by the environment")
    api_key_file: str = Field("", description="a file that holds the key, where `api_key` is empty")
    stream: bool = Field(True, description="take the answer as it is written")
    temperature: float = Field(0.0, ge=0, le=2, description="0 gives the likeliest words")
    max_tokens: int = Field(768, ge=16, le=100_000, description="most tokens of an answer")
    context_tokens: int = Field(
        4_096,
        ge=512,
        le=10_000_000,
        description="tokens that the model reads and writes at once; passages are cut to fit",
    )
    timeout: float = Field(60, gt=0, le=3_600, description="longest silence of the server, in seconds")
    seconds: float = Field(180, gt=0, le=86_400, description="longest time for an answer, retries included")
    retries: int = Field(2, ge=0, le=10, description="further attempts after 408, 409, 429, 5xx and cut connections")
    least_confidence: float = Field(
        0.05, ge=0, le=1, description="confidence under which the model is not asked: the answer abstains at once"
    )
    rewrite: bool = Field(True, description="let the model complete follow-up questions")
    prompts: str = Field("", description="folder with your `en.toml` and `zh.toml` in place of those of the package")

    def key(self) -> str:
        """The key, '' without one. Raises InputError, which does not show it, for what cannot be one."""
        return _key(self.api_key, self.api_key_file, "llm", "language model")


class EmbeddingSettings(_Section):
    """How the embedder runs. Those from `api_key` on are for `openai:MODEL@URL` alone."""

    precision: Precision = Field(
        "auto",
        description="weights of exported models: `int8`, `float32`; `auto`: int8 where it gives the same vectors",
    )
    api_key: SecretStr = Field(SecretStr(""), description="key of the server; better given by the environment")
    api_key_file: str = Field("", description="a file that holds the key, where `api_key` is empty")
    batch: int = Field(64, ge=1, le=2_048, description="most texts of one request")
    timeout: float = Field(60, gt=0, le=3_600, description="longest silence of the server, in seconds")
    seconds: float = Field(120, gt=0, le=86_400, description="longest time for one request, retries included")
    retries: int = Field(4, ge=0, le=20, description="further attempts after 408, 409, 429, 5xx and cut connections")

    def key(self) -> str:
        """The key, '' without one. Raises InputError, which does not show it, for what cannot be one."""
        return _key(self.api_key, self.api_key_file, "embedding", "embeddings server")


def _key(given: SecretStr, file: str, section: str, server: str) -> str:
    key = given.get_secret_value().strip()
    if not key and file:
        try:
            key = Path(file).read_text("utf-8").strip()
        except (OSError, ValueError):
            raise InputError(f"{section}.api_key_file {file} cannot be read", "name a text file") from None
    if not key.isascii() or any(not character.isprintable() or character == " " for character in key):
        raise InputError(f"the key of the {server} holds spaces, line breaks or the like", "give the key alone")
    return key


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
    originals: Literal["pdf", "all", "none"] = Field(
        "pdf",
        description="files that are kept as they came, to be shown: `pdf`, `all`, `none`; never with redaction",
    )
    hidden_text: Literal["leave_out", "mark"] = Field(
        "leave_out",
        description="what nobody sees in a file (white, off the page, comments, hidden sheets): `leave_out`, or `mark` "
        "to keep it, each line marked as `[hidden text]`",
    )
    nice: int = Field(
        10,
        ge=0,
        le=19,
        description="how far `ragkb ingest` steps back behind other processes (`nice`), so that answering comes first",
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


class ComingSettings(_Section):
    """Callers that somebody else knows. What they may do hangs on the groups that they are said to be in."""

    writers: tuple[str, ...] = Field((), description="groups whose members may write; all others only read")
    admins: tuple[str, ...] = Field((), description="groups whose members may administrate")
    everything: tuple[str, ...] = Field((), description="groups whose members see every document")
    kbs: tuple[str, ...] = Field(("default",), description="knowledge bases that are reached")


class OidcSettings(ComingSettings):
    """Bearer tokens of an identity provider. Off without an issuer."""

    issuer: str = Field("", description="the issuer, exactly as in its tokens; without one, tokens are not taken")
    audience: str = Field("", description="the audience that tokens for this server have")
    jwks: str = Field("", description="address or file of the provider's keys; by default where the issuer says")
    algorithms: tuple[Algorithm, ...] = Field(("RS256", "ES256"), description="signatures that are taken")
    user_claim: str = Field("sub", description="claim with the user's name")
    groups_claim: str = Field("groups", description="claim with the user's groups, a list or a text between commas")
    kbs_claim: str = Field("", description="claim with the knowledge bases that are reached, in place of `kbs`")
    leeway_seconds: int = Field(30, ge=0, le=300, description="how far clocks may differ")

    @model_validator(mode="after")
    def _whole(self) -> OidcSettings:
        if self.issuer and not self.audience:
            raise ValueError("an issuer without `audience`: tokens for other services would be taken")
        return self


class ProxySettings(ComingSettings):
    """A proxy that knows who calls and says so in headers. Off without peers."""

    peers: tuple[str, ...] = Field((), description="addresses or networks of the proxy; nobody else is believed")
    secret: SecretStr = Field(SecretStr(""), description="what the proxy sends to prove itself; required with peers")
    secret_header: str = Field("x-proxy-secret", description="header with the secret")
    user_header: str = Field("x-forwarded-user", description="header with the user's name")
    groups_header: str = Field("x-forwarded-groups", description="header with the groups, between commas")
    kbs_header: str = Field("", description="header with the knowledge bases that are reached, in place of `kbs`")

    @field_validator("peers")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for network in given:
            ip_network(network, strict=False)
        return given

    @model_validator(mode="after")
    def _whole(self) -> ProxySettings:
        if self.peers and len(self.secret.get_secret_value()) < 16:
            raise ValueError("peers without a `secret` of 16 characters or more: others on that machine could speak")
        return self


class ServerSettings(_Section):
    """Where the server listens, whom it answers, and what it accepts."""

    host: str = Field("127.0.0.1", description="address to bind; other than loopback takes keys, OIDC or a proxy")
    port: int = Field(8000, ge=0, le=65535, description="port to bind; 0 takes a free one")
    kbs: dict[Annotated[str, Field(pattern=KB_NAME)], Path] = Field(
        {}, description='more knowledge bases, each at /kb/NAME: `{sales = "/srv/sales"}`'
    )
    origins: tuple[str, ...] = Field(
        (), description="web pages of other origins that may call (CORS), like https://a.b"
    )
    open_metrics: bool = Field(False, description="`/metrics` needs no key; else it takes an administrator's")
    body_bytes: int = Field(1_000_000, ge=1, description="largest body of a request")
    concurrency: int = Field(8, ge=1, description="requests that search at once; the others wait")
    queue: int = Field(200, ge=0, description="requests that wait; more get 503 and Retry-After")
    connections: int = Field(2_000, ge=10, description="connections at once; more take the place of silent ones")
    rate_per_minute: int = Field(
        6_000, ge=0, description="requests of one caller; more get 429 and Retry-After; 0: any"
    )
    burst: int = Field(600, ge=1, description="requests of one caller that may come at once")
    header_seconds: float = Field(8, gt=0, description="for the head of a request to be complete")
    body_seconds: float = Field(25, gt=0, description="for its body, and 1 s more for each 100 kB that came")
    handler_seconds: float = Field(60, gt=0, description="for an answer to begin; then 504")
    ingest_seconds: float = Field(600, gt=0, description="the same for an upload")
    write_seconds: float = Field(25, gt=0, description="for a caller that reads nothing of an answer")
    oidc: OidcSettings = OidcSettings()
    proxy: ProxySettings = ProxySettings()


class AuditSettings(_Section):
    """What the audit log keeps."""

    questions: bool = Field(True, description="keep the text of questions; without, only that something was asked")
    days: int = Field(365, ge=1, le=36_500, description="rows that are older are removed")


class UsageSettings(_Section):
    """What tokens of a language model cost, for `ragkb usage` and the metrics."""

    prompt_price: float = Field(0, ge=0, description="price of 1,000 tokens that a model reads")
    completion_price: float = Field(0, ge=0, description="price of 1,000 tokens that a model writes")
    currency: str = Field("EUR", description="of the prices")


class EvalSettings(_Section):
    """What a nightly evaluation measures, and when it fails."""

    suite: str = Field("", description="suite file of `ragkb eval nightly`; empty: the sample corpus")
    margin: float = Field(0.01, ge=0, le=1, description="smallest drop of a measure that fails a nightly evaluation")
    max_errors: int = Field(0, ge=0, description="questions of a nightly evaluation that may end in an error")
    keep: int = Field(30, ge=1, description="nightly evaluations whose rows are kept; summaries are kept for good")


class Settings(BaseSettings):
    """All settings. Frozen: a change is a new value, passed in."""

    model_config = SettingsConfigDict(
        env_prefix="RAGKB_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    embedder: str = Field(
        "",
        description="'minilm', a sentence-transformers model by name or folder, `torch:NAME`, or `openai:MODEL@URL`; "
        "empty: the one that the knowledge base was made with, `minilm` for a new one",
    )
    embedding: EmbeddingSettings = EmbeddingSettings()
    threads: int = Field(0, ge=0, description="threads of the embedder; 0 takes the machine's cores")
    ingest: IngestSettings = IngestSettings()
    chunk: ChunkSettings = ChunkSettings()
    search: SearchSettings = SearchSettings()
    answer: AnswerSettings = AnswerSettings()
    llm: LlmSettings = LlmSettings()
    limits: LimitSettings = LimitSettings()
    server: ServerSettings = ServerSettings()
    audit: AuditSettings = AuditSettings()
    usage: UsageSettings = UsageSettings()
    eval: EvalSettings = EvalSettings()

    @field_validator("embedder")
    @classmethod
    def _without_password(cls, given: str) -> str:
        if urlsplit(given.partition("@")[2]).username is not None:
            raise ValueError("its address holds a user name; give the key as RAGKB_EMBEDDING__API_KEY")
        return given

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
            # it may be, or hold, a secret
            hidden = isinstance(first["input"], Mapping) or "key" in name.lower() or name == "embedder"
            got = "" if hidden else f"got {first['input']!r}; "
            raise InputError(f"setting {name}: {first['msg']}", f"{got}see docs/settings.md") from None
        except ValueError as error:
            raise InputError(f"ragkb.toml cannot be read: {error}", "check its TOML syntax") from None

    def keeps(self, media_type: str) -> bool:
        """Whether a file of that type is kept beside its text; what is redacted must not stay in a file."""
        wanted = self.ingest.originals
        return not self.ingest.redact and (wanted == "all" or (wanted == "pdf" and media_type == "application/pdf"))

    def redacting(self) -> Settings:
        """These settings with redaction on: of the kinds that they name, of all if they name none."""
        kinds = self.ingest.redact or get_args(RedactKind)
        return self.model_copy(update={"ingest": self.ingest.model_copy(update={"redact": kinds})})
