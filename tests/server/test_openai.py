"""OpenAI's protocol, spoken by its own client, and what chat front ends send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.server.chat import Written
from ragkb.settings import Settings
from ragkb.types import Sentence

LEAVE = {"role": "user", "content": "How long is parental leave?"}
TITLE = """### Task:
Generate a concise, 3-5 word title summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: How long is parental leave?
ASSISTANT: Parental leave is 14 weeks. [1]
</chat_history>"""
PLAIN_TITLE = """Provide a concise, 5-word-or-less title for the conversation, using title case conventions.
Only return the title itself.

Conversation:
User: 育儿假有多长？
AI: 十四周。"""


def speaking(client: httpx.Client) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def chat(client: httpx.Client) -> Iterator[openai.OpenAI]:
    with speaking(client) as made:
        yield made


def text_of(chat: openai.OpenAI, question: str, model: str = "ragkb") -> str:
    asked: Any = [{"role": "user", "content": question}]
    return str(chat.chat.completions.create(model=model, messages=asked).choices[0].message.content)


def test_the_client_gets_an_answer_with_its_sources(chat: openai.OpenAI, client: httpx.Client) -> None:
    made = chat.chat.completions.create(model="ragkb", messages=[LEAVE], temperature=0.2, max_tokens=100)  # type: ignore[list-item]
    text = made.choices[0].message.content
    assert text is not None
    assert "Parental leave is 14 weeks. [1]" in text
    assert text.endswith("\n\nSources:\n[1] Leave policy (hr/leave.md)")
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    (citation,) = made.citations  # type: ignore[attr-defined]
    stored = client.get(f"/v1/documents/{citation['document_id']}").json()["text"]
    assert stored[citation["start"] : citation["end"]] == citation["quote"]


def test_a_stream_gives_the_same_text_in_pieces(chat: openai.OpenAI) -> None:
    whole = chat.chat.completions.create(model="ragkb", messages=[LEAVE])  # type: ignore[list-item]
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(chat.chat.completions.create(model="ragkb", messages=[LEAVE], **options))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == whole.choices[0].message.content
    assert len([text for text in texts if text]) == 2
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {chunks[0].id}


def test_what_the_documents_do_not_hold(chat: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "Who won the football world cup in 1954?"}]
    made = chat.chat.completions.create(model="ragkb", messages=asked)
    assert made.abstained  # type: ignore[attr-defined]
    assert "Sources:" not in str(made.choices[0].message.content)


def test_history_completes_a_follow_up_and_answers_come_back_without_their_marks(chat: openai.OpenAI) -> None:
    answer = "Parental leave is 14 weeks. [1]\n\nSources:\n[1] Leave policy (hr/leave.md)"
    asked: Any = [
        {"role": "system", "content": "You are a pirate."},
        LEAVE,
        {"role": "assistant", "content": answer},
        {"role": "user", "content": [{"type": "text", "text": "And whom do I ask before it?"}]},
    ]
    made = chat.chat.completions.create(model="ragkb-default", messages=asked)
    assert "Ask your manager" in str(made.choices[0].message.content)


def test_a_sentence_that_is_not_borne_says_so() -> None:
    said = [Sentence("It is blue.", (1,), 0.9), Sentence("It is green.", (), 0.1, False)]
    written = Written()
    assert "".join(map(written.sentence, said)) == "It is blue. [1] It is green. (not confirmed by the documents)"


def test_chinese_sources(chat: openai.OpenAI) -> None:
    assert "\n\n来源：\n[1] " in text_of(chat, "育儿假有几周？")


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, "no model"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, openai.BadRequestError, "tools"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, openai.BadRequestError, "user's"),
        ({"messages": [{"role": "user", "content": " "}]}, openai.BadRequestError, "empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, openai.BadRequestError, "image_url"),
        ({"messages": [{"role": "user", "content": "long " * 9000}]}, openai.APIStatusError, "characters"),
        ({"n": 2}, openai.BadRequestError, "n is 2"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_the_protocols_shape(
    chat: openai.OpenAI, change: dict[str, Any], error: type[Exception], word: str, stream: bool
) -> None:
    with pytest.raises(error) as raised:
        chat.chat.completions.create(**{"model": "ragkb", "messages": [LEAVE], **change}, stream=stream)  # type: ignore
    body: Any = raised.value.body  # type: ignore[attr-defined]
    assert body.keys() == {"message", "type", "param", "code"}
    assert word in body["message"]


def test_models_are_the_knowledge_bases(tmp_path: Path, kb: KnowledgeBase, embedder: Embedder, serve: Any) -> None:
    with KnowledgeBase.open(tmp_path / "other", settings=Settings(), embedder=embedder) as other:
        other.add([NewDocument("rent.md", "The rent of the hall is 900 euros a month.", "Rent")])
        with serve(kb, others={"halls": other}) as client, speaking(client) as chat:
            assert [one.id for one in chat.models.list()] == ["ragkb", "ragkb-default", "ragkb-halls"]
            said = [text_of(chat, "What is the rent of the hall?", name) for name in ("ragkb", "ragkb-halls")]
    assert ["900 euros" in text for text in said] == [False, True]


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        (TITLE, {"title": "How long is parental leave?"}),
        (TITLE.replace('"title": "your', '"tags": ["your').replace("title", "tags"), {"tags": []}),
        (TITLE.replace('"title"', '"follow_ups"').replace("title", "follow-up questions"), {"follow_ups": []}),
        (TITLE.replace("USER: How", "USER: " + "very " * 40 + "long"), {"title": ("very " * 11).strip() + "…"}),
    ],
)
def test_what_a_front_end_asks_for_itself(chat: openai.OpenAI, task: str, wanted: dict[str, Any]) -> None:
    asked: Any = [{"role": "user", "content": task}]
    assert (
        json.loads(str(chat.chat.completions.create(model="ragkb", messages=asked).choices[0].message.content))
        == wanted
    )


def test_a_title_in_plain_words(chat: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": PLAIN_TITLE}]
    said = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in chat.chat.completions.create(model="ragkb", messages=asked, stream=True)
    )
    assert said == "育儿假有多长？"
    question: Any = [{"role": "user", "content": "What is the title of the leave document?"}]
    assert (
        "leave"
        in str(chat.chat.completions.create(model="ragkb", messages=question).choices[0].message.content).lower()
    )
