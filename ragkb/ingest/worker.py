"""The process that parses: started by sandbox.py, fed by a pipe, gone when its parent goes.

On Linux it only keeps the libraries loaded: for each document it forks a process that locks itself down, parses that
one document and ends. So no document can change what is made of another. The fork is safe since this process has one
thread. Elsewhere it parses by itself, and is replaced after some documents.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, NoReturn

from ragkb.errors import DocumentRefused, InputError, NotFound
from ragkb.ingest import lockdown
from ragkb.ingest.loaders import load, prepare
from ragkb.ingest.wire import (
    Picture,
    Request,
    Torn,
    decode_request,
    encode_reply,
    largest_reply,
    read_frame,
    write_frame,
)

FORKS = sys.platform == "linux"
OUT_OF_MEMORY = 71
"""The exit code of a parser that died with much of its memory used."""

_LARGEST_HEAD = 1_000_000
_NO_LIMIT = 1 << 62


def main() -> None:
    """Answers requests until there are no more. An argument `alone` forbids the fork."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then ends this process
    lockdown.die_with_parent()
    requests, replies = sys.stdin.buffer, _only_for_replies()
    forks = FORKS and "alone" not in sys.argv
    write_frame(replies, lockdown.isolation().encode())
    answer: Callable[[Request, bytes], bytes] = _in_own_process if forks else _parse
    with suppress(Torn, BrokenPipeError):
        while True:
            request = decode_request(read_frame(requests, _LARGEST_HEAD))
            data = read_frame(requests, _NO_LIMIT)
            if forks:
                prepare(data, request.name)
            else:
                _lock_down(request)
            write_frame(replies, answer(request, data))
            del data


def _only_for_replies() -> BinaryIO:
    """The pipe to the parent. What libraries print goes nowhere."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return replies


def _lock_down(request: Request) -> None:
    """subtle: a process that parses several documents hooks itself once, but gets new seconds for each."""
    lockdown.limit(request.limits.memory_bytes, request.seconds * (os.cpu_count() or 1))
    if not getattr(_lock_down, "done", False):
        lockdown.isolate()
        _lock_down.done = True  # type: ignore[attr-defined]


def _parse(request: Request, data: bytes) -> bytes:
    """The reply to one document: what it holds, or a picture of a page."""
    try:
        if request.picture:
            return draw(data, request.picture)
        return encode_reply(load(data, request.name, request.limits, request.ocr))
    except (InputError, NotFound) as error:
        return encode_reply(error)
    except (ValueError, MemoryError) as error:  # of the encoding: text that is no text
        return encode_reply(DocumentRefused(f"what was read cannot be handed over: {type(error).__name__}"))


def draw(data: bytes, picture: Picture) -> bytes:
    """The page as PNG, with the quote marked where it stands. Raises what ragkb.ingest.pages raises."""
    from ragkb.ingest.pages import boxes, render

    marked = boxes(data, picture.page, picture.quote).boxes if picture.quote.strip() else ()
    return render(data, picture.page, picture.scale, marked)


def _in_own_process(request: Request, data: bytes) -> bytes:
    """The reply, made by a process of its own. If that dies, this one dies the same way, so that the parent sees it."""
    gc.freeze()  # subtle: the collector would touch, and so copy, every page that both share
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _parse_and_end(request, data, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        reply = stream.read(largest_reply(request.limits) + 1)
    if len(reply) > largest_reply(request.limits):
        os.kill(process, signal.SIGKILL)
        reply = encode_reply(DocumentRefused("the parser gave more than the limits allow"))
        os.waitpid(process, 0)
        return reply
    _, status, usage = os.wait4(process, 0)
    if status:
        _die_like(status, usage.ru_maxrss * 1024 > request.limits.memory_bytes // 2)
    return reply


def _parse_and_end(request: Request, data: bytes, writing: int) -> NoReturn:
    code = 1
    try:
        lockdown.die_with_parent()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)  # the next documents are not for this process
        os.closerange(writing + 1, 256)
        os.closerange(3, writing)
        _lock_down(request)
        reply = _parse(request, data)
        with os.fdopen(writing, "wb") as stream:
            stream.write(reply)
        code = 0
    finally:
        os._exit(code)


def _die_like(status: int, is_large: bool) -> NoReturn:
    """Ends this process by the signal or code that ended the parser."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if is_large and number not in (signal.SIGKILL, signal.SIGXCPU):
        os._exit(OUT_OF_MEMORY)
    if number:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(1)
