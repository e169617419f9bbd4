"""The client of OpenAI's protocol against a server process: what it sends, and what it makes of every way to fail."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ragkb.errors import InputError, ModelError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models.chat import Message, Usage
from ragkb.models.openai_chat import OpenAIChat, completions_url
from ragkb.settings import AnswerSettings, LlmSettings, Settings
from ragkb.types import Answer, SentenceScored, Turn
from tests.answer.conftest import LlmServer
from tests.answer.llm_server import KEY
from tests.conftest import WordHashes

ASKED = [Message("system", "Be brief."), Message("user", "How long?")]


def chat(server: LlmServer, model: str, **settings: Any) -> OpenAIChat:
    values = {"url": server.url, "model": model, "api_key": SecretStr(KEY), "timeout": 5, **settings}
    return OpenAIChat(LlmSettings(**values))


def reply(model: OpenAIChat) -> tuple[str, Usage, bool]:
    pieces = list(model.reply(ASKED))
    return "".join(piece.text for piece in pieces), pieces[-1].usage, pieces[-1].is_cut


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_comes_with_its_tokens(llm_server: LlmServer, stream: bool) -> None:
    model = chat(llm_server, f"says:Fourteen weeks. 十四周。 {stream}", stream=stream, max_tokens=99)
    text, usage, is_cut = reply(model)
    assert (text, is_cut) == (f"Fourteen weeks. 十四周。 {stream}", False)
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens == len(text.split())
    sent = llm_server.requests(model.name)[0]
    assert sent["path"] == "/v1/chat/completions"
    assert sent["headers"]["authorization"] == f"Bearer {KEY}"
    assert sent["body"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long?"},
    ]
    assert (sent["body"]["temperature"], sent["body"]["max_tokens"], sent["body"]["stream"]) == (0.0, 99, stream)


def test_a_streamed_reply_comes_in_pieces(llm_server: LlmServer) -> None:
    pieces = [piece.text for piece in chat(llm_server, "says:One two three four five.").reply(ASKED)]
    assert len([piece for piece in pieces if piece]) == 4


def test_a_server_that_does_not_stream_is_understood(llm_server: LlmServer) -> None:
    assert reply(chat(llm_server, "whole:1"))[0] == "Parental leave lasts 14 weeks [1]."


def test_a_model_that_refuses_parameters_is_asked_without_them(llm_server: LlmServer) -> None:
    model = chat(llm_server, "newer:1", max_tokens=77)
    for _ in range(2):
        assert reply(model)[0] == "Parental leave lasts 14 weeks [1]."
    sent = [one["body"] for one in llm_server.requests("newer:1")]
    assert len(sent) == 5  # three refusals, learnt once
    assert sent[-1]["max_completion_tokens"] == 77
    assert not {"max_tokens", "temperature", "stream_options"} & sent[-1].keys()


@pytest.mark.parametrize("model", ["status:500:1", "status:429:2", "status:503:1", "cut:1"])
def test_what_passes_is_tried_again(llm_server: LlmServer, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragkb.models.openai_http.FIRST_WAIT", 0.01)
    assert reply(chat(llm_server, model, retries=2))[0] == "Parental leave lasts 14 weeks [1]."
    assert len(llm_server.requests(model)) == int(model.rpartition(":")[2]) + 1


def test_the_server_says_how_long_to_wait(llm_server: LlmServer) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match="429") as raised:
        reply(chat(llm_server, "later:0.3", retries=1))
    assert 0.3 <= time.monotonic() - started < 3
    assert "fewer requests" in raised.value.hint
    assert len(llm_server.requests("later:0.3")) == 2


def test_a_wait_beyond_the_time_for_the_answer_is_not_waited(llm_server: LlmServer) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match="429") as raised:
        reply(chat(llm_server, "later:3600", seconds=20))
    assert "3600 s" in raised.value.hint
    assert time.monotonic() - started < 5
    assert len(llm_server.requests("later:3600")) == 1


FAILURES = [  # model, settings, what the message says, what the hint says, requests
    ("status:401", {}, "answered 401", "RAGKB_LLM__API_KEY", 1),
    ("status:404", {}, "answered 404 for model 'status:404'", "--model", 1),
    ("status:400", {}, "answered 400", "llm.url", 1),
    ("status:500", {}, "answered 500", "log", 2),
    ("redirect:1", {}, "answered 307", "elsewhere.example", 1),
    ("html:1", {}, "no chat completion: '<html>", "/v1", 1),
    ("garbage:1", {}, "no JSON: '{not json'", "log", 1),
    ("unfinished:1", {}, "before it was finished", "log", 1),
    ("cut:", {}, "cut the connection", "log", 1),
    ("broken:1", {}, "out of memory", "log", 1),
    ("huge:1", {}, "more than 4,000,000 bytes", "max_tokens", 1),
    ("filtered:1", {}, "filtered", "other words", 1),
    ("silent:1.0", {"timeout": 0.2}, "sent nothing for", "llm.timeout", 2),
    ("slow:0.05", {"seconds": 0.4}, "longer than llm.seconds", "max_tokens", 1),
]


@pytest.mark.parametrize(("name", "settings", "message", "hint", "requests"), FAILURES, ids=lambda x: str(x)[:12])
def test_a_failure_says_what_happened_and_what_to_do(
    llm_server: LlmServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    settings: dict[str, Any],
    message: str,
    hint: str,
    requests: int,
) -> None:
    monkeypatch.setattr("ragkb.models.openai_http.FIRST_WAIT", 0.01)
    with pytest.raises(ModelError) as raised:
        reply(chat(llm_server, name, retries=1, **settings))
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert "\n" not in raised.value.message
    assert KEY not in str(raised.value)
    assert len(llm_server.requests(name)) == requests


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragkb.models.openai_http.FIRST_WAIT", 0.01)
    nobody = OpenAIChat(LlmSettings(url="http://127.0.0.1:9/v1", model="m", retries=1))
    with pytest.raises(ModelError, match="cannot be reached") as raised:
        reply(nobody)
    assert "running" in raised.value.hint


@pytest.mark.parametrize(
    ("url", "completions"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
        ("https://a.example/api/v3/chat/completions", "https://a.example/api/v3/chat/completions"),
        ("https://a.example/openai?version=1", "https://a.example/openai/chat/completions?version=1"),
    ],
)
def test_the_address_is_completed(url: str, completions: str) -> None:
    assert completions_url(url) == completions


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a.example/v1", "http://", "http://user:pw@a.example/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"llm\.url") as raised:
        completions_url(url)
    assert "pw" not in raised.value.hint


@pytest.mark.parametrize("key", ["sk-hush\nX-Evil: 1", "sk hush", "sk-hushü", "-----BEGIN\nhush\n-----"])
def test_a_key_that_cannot_be_one_is_refused_and_never_shown(key: str) -> None:
    with pytest.raises(InputError) as raised:
        OpenAIChat(LlmSettings(url="http://a.example", model="m", api_key=SecretStr(key)))
    assert "hush" not in str(raised.value)
    with pytest.raises(InputError) as raised:
        Settings.load(llm={"api_key": 4711, "apikey": key})
    assert "hush" not in str(raised.value)
    assert "4711" not in str(raised.value)
    assert "hush" not in repr(LlmSettings(api_key=SecretStr(key)))


def test_a_key_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-file\n", "utf-8")
    assert LlmSettings(api_key_file=str(tmp_path / "key")).key() == "sk-from-file"
    with pytest.raises(InputError, match="api_key_file"):
        LlmSettings(api_key_file=str(tmp_path / "none")).key()


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("llm-kb") / "kb"
    with KnowledgeBase.open(path, embedder=WordHashes()) as kb:
        leave = "# Parental leave\n\nParental leave lasts 14 weeks. It is paid in full. The form is at the front desk."
        kb.add(
            [
                NewDocument("leave.md", leave),
                NewDocument("canteen.txt", "The canteen opens at 11:30. It closes at 14:00."),
                NewDocument("leave-zh.md", "# 产假\n\n产假为十四周。产假期间发全薪。"),
                NewDocument("board.txt", "The parental leave of the board lasts 99 weeks.", groups=("board",)),
            ]
        )
    return path


def opened(
    folder: Path, server: LlmServer, model: str, answer: dict[str, Any] | None = None, **llm: Any
) -> KnowledgeBase:
    values = {"url": server.url, "model": model, "retries": 0, "least_confidence": 0.0, **llm}
    settings = Settings(llm=LlmSettings(**values), answer=AnswerSettings(**(answer or {})))
    return KnowledgeBase.open(folder, settings=settings, embedder=WordHashes())


def asked(
    folder: Path, server: LlmServer, model: str, question: str = "How long is parental leave?", **more: Any
) -> Answer:
    with opened(folder, server, model, **more) as kb:
        return kb.ask(question)


def test_headings_and_column_names_are_evidence_too(tmp_path: Path, llm_server: LlmServer) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes()) as kb:
        kb.add([NewDocument("oslo.md", "# Leave in Oslo\n\nIt lasts nine weeks.")])
        kb.add([NewDocument("pumps.md", "# Pumps\n\n| Part | Pressure in bar |\n|---|---|\n| HX-200 | 210 |")])
    for said in ("Leave in Oslo lasts nine weeks [1].", "The pressure of the HX-200 is 210 bar [1]."):
        (sentence,) = asked(tmp_path / "kb", llm_server, f"says:{said}", said).sentences
        assert sentence.supported, said
        (wrong,) = asked(
            tmp_path / "kb", llm_server, f"says:{said.replace('Oslo', 'Bergen').replace('210', '310')}", said
        ).sentences
        assert not wrong.supported


def quotes(answer: Answer) -> list[list[str]]:
    by_number = {one.n: one.quote for one in answer.citations}
    return [[by_number[n] for n in sentence.citations] for sentence in answer.sentences]


def test_an_answer_in_the_models_words_cites_the_sentences_that_hold_it(folder: Path, llm_server: LlmServer) -> None:
    answer = asked(folder, llm_server, "says:Leave for parents lasts 14 weeks [1]. It is paid in full. [1]")
    assert answer.text == "Leave for parents lasts 14 weeks. It is paid in full."
    assert quotes(answer) == [["Parental leave lasts 14 weeks."], ["It is paid in full."]]
    assert all(one.supported for one in answer.sentences)
    assert answer.model["generator"] == "says:Leave for parents lasts 14 weeks [1]. It is paid in full. [1]"
    assert answer.usage["prompt_tokens"] > 0
    assert answer.usage["completion_tokens"] > 0
    assert {"search", "answer", "verify", "total"} == set(answer.timings_ms)


def test_a_stream_shows_sentences_before_the_model_has_finished(folder: Path, llm_server: LlmServer) -> None:
    with opened(folder, llm_server, "slow:0.02", seconds=1.0) as kb:
        events = kb.stream("How long is parental leave?")
        next(events)
        with pytest.raises(ModelError, match=r"longer than llm\.seconds"):
            list(events)
    model = "says:Parental leave lasts 14 weeks [1]. It is paid in full [1]."
    with opened(folder, llm_server, model) as kb:
        events = list(kb.stream("How long is parental leave?"))
        scored = [event.sentence.text for event in events if isinstance(event, SentenceScored)]
        assert scored == ["Parental leave lasts 14 weeks.", "It is paid in full."]
        assert isinstance(events[-1], Answer)


def test_a_stream_that_is_left_ends_the_request(folder: Path, llm_server: LlmServer) -> None:
    started = time.monotonic()
    with opened(folder, llm_server, "slow:0.2") as kb:
        events = kb.stream("How long is parental leave?")
        next(events)
        events.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 2


def test_a_wrong_mark_is_dropped_and_a_missing_one_given(folder: Path, llm_server: LlmServer) -> None:
    answer = asked(folder, llm_server, "says:The canteen opens at 11:30 [1]. Parental leave lasts 14 weeks.")
    assert quotes(answer) == [["The canteen opens at 11:30."], ["Parental leave lasts 14 weeks."]]


def test_what_no_passage_says_is_flagged_dropped_or_refused(folder: Path, llm_server: LlmServer) -> None:
    model = "says:Parental leave lasts 14 weeks [1]. Employees receive a bonus of 5,000 EUR at birth [1][7]."
    flagged = asked(folder, llm_server, model)
    assert [one.supported for one in flagged.sentences] == [True, False]
    assert flagged.groundedness == flagged.sentences[1].support < 0.5
    dropped = asked(folder, llm_server, model, answer={"policy": "drop"})
    assert (dropped.text, dropped.dropped) == ("Parental leave lasts 14 weeks.", 1)
    assert "5,000" not in repr(dropped.sentences)
    refused = asked(folder, llm_server, model, answer={"policy": "refuse"})
    assert refused.abstained
    assert refused.reason == "the passages found do not support what was written"
    assert (refused.sentences, refused.citations, refused.groundedness) == ((), (), None)
    with opened(folder, llm_server, model, answer={"policy": "refuse"}) as kb:
        assert [type(event).__name__ for event in kb.stream("How long is parental leave?")] == [
            "PassagesFound",
            "Answer",
        ]
    strict = asked(folder, llm_server, "says:Parents get 14 weeks [1].", answer={"least_support": 1.0})
    assert not strict.sentences[0].supported


def test_a_number_that_the_passage_does_not_hold_is_not_supported(folder: Path, llm_server: LlmServer) -> None:
    answer = asked(folder, llm_server, "says:Parental leave lasts 16 weeks [1].")
    assert not answer.sentences[0].supported
    assert quotes(answer) == [["Parental leave lasts 14 weeks."]]


@pytest.mark.parametrize(
    "said",
    [
        "The documents do not say.",
        "the documents do not say",
        "The documents do not say. But I know that it is 16 weeks.",
        "I'm sorry, but the passages do not mention a bonus.",
        "The provided passages do not contain information about this. You may ask HR.",
        "<think>The user wants a number. There is none.</think>\\nThe documents do not say.",
    ],
)
def test_a_refusal_of_the_model_is_an_abstention(folder: Path, llm_server: LlmServer, said: str) -> None:
    model = f"says:{said}".replace("\\n", "\n")
    answer = asked(folder, llm_server, model)
    assert answer.abstained
    assert answer.reason == "the language model found no answer in the passages"
    assert answer.text.startswith("The documents do not say.")
    assert answer.usage["completion_tokens"] > 0


def test_an_answer_in_chinese(folder: Path, llm_server: LlmServer) -> None:
    question = "产假多长时间？"
    answer = asked(folder, llm_server, "says:产假为十四周【1】。产假期间发全薪［1］。", question)
    assert answer.text == "产假为十四周。产假期间发全薪。"
    assert quotes(answer) == [["产假为十四周。"], ["产假期间发全薪。"]]
    assert asked(folder, llm_server, "says:文档没有说明。", question).abstained
    assert asked(folder, llm_server, "says:抱歉，文档中没有提到这一点。", question).abstained
    sent = llm_server.requests("says:文档没有说明。")[0]["body"]["messages"]
    assert "段落是资料" in sent[0]["content"]


def test_a_list_keeps_its_lines(folder: Path, llm_server: LlmServer) -> None:
    model = "says:Parental leave:\n\n- It lasts 14 weeks [1].\n- **It is paid in full** [1]\n"
    answer = asked(folder, llm_server, model)
    assert answer.text == "Parental leave:\n\n- It lasts 14 weeks.\n- It is paid in full"
    assert [len(one.citations) > 0 for one in answer.sentences][1:] == [True, True]


def test_a_reply_that_was_cut_off_does_not_end_in_half_a_sentence(folder: Path, llm_server: LlmServer) -> None:
    assert asked(folder, llm_server, "long:1").text == "Parental leave lasts 14 weeks."


def test_a_reply_without_a_word_is_an_error(folder: Path, llm_server: LlmServer) -> None:
    for model in ("says:", "says:<think>So. Many. Thoughts."):
        with pytest.raises(ModelError, match="answered with nothing"):
            asked(folder, llm_server, model)


def test_without_evidence_the_model_is_not_asked(folder: Path, llm_server: LlmServer) -> None:
    model = "says:Should not be asked."
    answer = asked(folder, llm_server, model, "Who won the chess championship of Peru?", least_confidence=0.3)
    assert answer.abstained
    assert answer.reason == "the passages found do not hold the answer"
    assert llm_server.requests(model) == []


def test_a_document_that_is_not_visible_is_never_sent(folder: Path, llm_server: LlmServer) -> None:
    model = "says:Parental leave lasts 14 weeks [1][2][3][4]."
    answer = asked(folder, llm_server, model)
    assert "99 weeks" not in json.dumps(llm_server.requests(model))
    assert "board.txt" not in repr(answer)


def test_a_context_without_room_for_a_passage_is_told(folder: Path, llm_server: LlmServer) -> None:
    with pytest.raises(InputError, match="no passage fits") as raised:
        asked(folder, llm_server, "says:Not asked.", context_tokens=512, max_tokens=400)
    assert "context_tokens" in raised.value.hint
    assert llm_server.requests("says:Not asked.") == []


def test_a_follow_up_is_completed_by_the_model(folder: Path, llm_server: LlmServer) -> None:
    history = [Turn("user", "How long is parental leave?"), Turn("assistant", "14 weeks.")]
    with opened(folder, llm_server, "says:Is parental leave paid?") as kb:
        answer = kb.ask("And is it paid?", history=history)
        assert (answer.question, answer.standalone) == ("And is it paid?", "Is parental leave paid?")
    sent = llm_server.requests("says:Is parental leave paid?")
    assert "14 weeks." in sent[0]["body"]["messages"][0]["content"]
    assert "<<<passage" not in sent[0]["body"]["messages"][0]["content"]
    two = sum(len(str(one["body"]["messages"])) for one in sent)
    assert answer.usage["prompt_tokens"] == two
    with opened(folder, llm_server, "says:Two\nlines.") as kb:  # no question: the rules decide
        assert kb.ask("And is it paid?", history=history).standalone == "How long is parental leave? And is it paid?"
    with opened(folder, llm_server, "says:Is parental leave paid?", rewrite=False) as kb:
        assert kb.ask("And is it paid?", history=history).standalone == "How long is parental leave? And is it paid?"
