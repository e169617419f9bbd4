"""A language model's server for tests: a process of its own that speaks OpenAI's protocol over HTTP.

What it does is the model's name: `says:TEXT`, `obeys`, or a way to fail.
usage: python -m tests.answer.llm_server FOLDER   (prints its port; writes each request into FOLDER)
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from tests.answer.obeying import obeyed

KEY = "sk-test-4711"
NUMBERS = count(1)
TRIES: dict[str, int] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = f"{next(NUMBERS):04d}.json"
        record = {"path": self.path, "headers": dict(self.headers), "body": body}
        (Path(sys.argv[1]) / name).write_text(json.dumps(record), "utf-8")
        model = body["model"]
        TRIES[model] = TRIES.get(model, 0) + 1
        kind, _, argument = model.partition(":")
        way = getattr(self, f"_{kind.replace('-', '_')}", None)
        if way:
            way(body, argument)
        else:
            self._answer(body, reply(body))

    # --- ways to fail ---------------------------------------------------------------------------------------------

    def _status(self, body: Any, argument: str) -> None:
        """status:500:TIMES: that status, the first TIMES times (always without it)."""
        status, _, times = argument.partition(":")
        if times and TRIES[body["model"]] > int(times):
            self._answer(body, "Parental leave lasts 14 weeks [1].")
            return
        said = {"error": {"message": f"no luck with key {KEY}", "type": "x"}}
        self._json(int(status), said, {"retry-after": "0"} if status == "429" else {})

    def _later(self, body: Any, argument: str) -> None:
        self._json(429, {"error": {"message": "quota"}}, {"retry-after": argument})

    def _redirect(self, body: Any, argument: str) -> None:
        self._json(307, {}, {"location": "http://elsewhere.example/v1/chat/completions"})

    def _html(self, body: Any, argument: str) -> None:
        self._raw(200, b"<html><body>Welcome to the proxy</body></html>", "text/html")

    def _garbage(self, body: Any, argument: str) -> None:
        self._raw(200, b"data: {not json\n\n", "text/event-stream")

    def _cut(self, body: Any, argument: str) -> None:
        """cut:TIMES: the connection ends in the middle, the first TIMES times."""
        if argument and TRIES[body["model"]] > int(argument):
            self._answer(body, "Parental leave lasts 14 weeks [1].")
            return
        self._begin()
        if not argument:
            self._chunk(event("Parental leave lasts 14 weeks [1]. It is paid in"))
        self.wfile.flush()
        self.close_connection = True

    def _unfinished(self, body: Any, argument: str) -> None:
        self._begin()
        self._chunk(event("Parental leave lasts"))
        self._chunk(b"")

    def _silent(self, body: Any, argument: str) -> None:
        time.sleep(float(argument))
        self._answer(body, "Too late.")

    def _slow(self, body: Any, argument: str) -> None:
        """slow:SECONDS: between two tokens."""
        self._begin()
        for number in range(100):
            self._chunk(event(f"word{number} "))
            time.sleep(float(argument))
        self._chunk(b"")

    def _huge(self, body: Any, argument: str) -> None:
        self._begin()
        try:
            for _ in range(200):
                self._chunk(b"data: " + b"x" * 100_000)
        except OSError:
            self.close_connection = True

    def _broken(self, body: Any, argument: str) -> None:
        self._begin()
        self._chunk(event("Parental leave "))
        self._chunk(b'data: {"error": {"message": "out of memory"}}\n\n')
        self._chunk(b"")

    def _filtered(self, body: Any, argument: str) -> None:
        self._answer(body, "", "content_filter")

    def _long(self, body: Any, argument: str) -> None:
        self._answer(body, "Parental leave lasts 14 weeks [1]. It is paid in full and", "length")

    def _newer(self, body: Any, argument: str) -> None:
        """A model that refuses three of the usual parameters, one after the other."""
        for name in ("max_tokens", "temperature", "stream_options"):
            if name in body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                self._json(400, {"error": {"message": message}})
                return
        self._answer(body, "Parental leave lasts 14 weeks [1].")

    def _whole(self, body: Any, argument: str) -> None:
        """A server that does not stream, whatever it is asked."""
        self._answer({**body, "stream": False}, "Parental leave lasts 14 weeks [1].")

    # --- the protocol ---------------------------------------------------------------------------------------------

    def _answer(self, body: Any, text: str, finish: str = "stop") -> None:
        usage = {"prompt_tokens": len(str(body["messages"])), "completion_tokens": len(text.split())}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            self._json(200, {"choices": [{"message": message, "finish_reason": finish}], "usage": usage})
            return
        self._begin()
        self._chunk(b": alive\n\n")
        for start in range(0, len(text), 7):
            self._chunk(event(text[start : start + 7]))
        self._chunk(event("", finish))
        if body.get("stream_options"):
            self._chunk(f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode())
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(value).encode(), "application/json", headers or {})

    def _raw(self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def event(text: str, finish: str | None = None) -> bytes:
    """One server-sent event with a piece of text."""
    value = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def reply(body: Any) -> str:
    """What the model that is named says."""
    kind, _, argument = body["model"].partition(":")
    if kind == "obeys":
        return obeyed([message["content"] for message in body["messages"]])
    return str(argument)


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that have gone."""


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
