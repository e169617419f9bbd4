"""A language model's server that does what evaluations ask of it, by reading: a process of its own, over HTTP.

usage: python -m tests.eval.reading_server FOLDER   (prints its port; writes each request into FOLDER)
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.answer import llm_server


def read(body: Any) -> str:
    """A question about the passage, a verdict on the answer, or the first sentence of the first passage."""
    system, asked = body["messages"][0]["content"], body["messages"][-1]["content"]
    if system.startswith("Write one question"):
        passage = asked.partition("Passage:\n")[2]
        words = passage.split(".")[0].split()
        invented = body["model"] == "invents"
        answer = "a thousand places" if invented else " ".join(words[-2:])
        return json.dumps({"question": f"What about {' '.join(words[:2])}?", "answer": answer})
    if system.startswith("Does the answer say"):
        gold = re.findall(r"^- (.+)$", asked, re.MULTILINE)
        return "Yes." if any(one in asked.partition("\nAnswer: ")[2] for one in gold) else "No, it does not."
    sentence = re.search(r"The [^.<>\n]+\.", asked)
    return f"{sentence[0]} [1]" if sentence else "I do not know."


if __name__ == "__main__":
    llm_server.reply = read
    llm_server.main()
