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
from ragkb.ingest.loaders import prepare, read
from ragkb.ingest.members import expand
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
from ragkb.ingest.wire_members import relay, write_members

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
            if not request.opens:
                write_frame(replies, answer(request, data))
            elif forks:
                _open_in_own_process(request, data, replies)
            else:
                _open(request, data, replies)
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
        return encode_reply(read(data, request.name, request.limits, request.ocr, request.keeps_hidden))
    except (InputError, NotFound) as error:
        return encode_reply(error)
    except (ValueError, MemoryError) as error:  # of the encoding: text that is no text
        return encode_reply(DocumentRefused(f"what was read cannot be handed over: {type(error).__name__}"))


def _open(request: Request, data: bytes, stream: BinaryIO) -> None:
    """Writes what the file holds."""
    write_members(stream, expand(data, request.name, request.limits), request.name)


def draw(data: bytes, picture: Picture) -> bytes:
    """The page as PNG, with the quote marked where it stands. Raises what ragkb.ingest.pages raises."""
    from ragkb.ingest.pages import boxes, render

    marked = boxes(data, picture.page, picture.quote).boxes if picture.quote.strip() else ()
    return render(data, picture.page, picture.scale, marked)


def _in_own_process(request: Request, data: bytes) -> bytes:
    """The reply, made by a process of its own. If that dies, this one dies the same way, so that the parent sees it."""
    process, stream = _forked(request, data, lambda own: own.write(_parse(request, data)))
    with stream:
        reply = stream.read(largest_reply(request.limits) + 1)
    if len(reply) > largest_reply(request.limits):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return encode_reply(DocumentRefused("the parser gave more than the limits allow"))
    _reap(process, request)
    return reply


def _open_in_own_process(request: Request, data: bytes, replies: BinaryIO) -> None:
    """Hands on what the file holds, which a process of its own takes out of it; if that dies, this one dies too."""
    process, stream = _forked(request, data, lambda own: _open(request, data, own))
    with stream:
        try:
            last = relay(stream, replies, request.limits)
        except Torn:
            os.kill(process, signal.SIGKILL)
            _reap(process, request)
            raise
    _reap(process, request)
    write_frame(replies, last)


def _forked(request: Request, data: bytes, write: Callable[[BinaryIO], object]) -> tuple[int, BinaryIO]:
    """(the process that writes, what it has written)."""
    gc.freeze()  # subtle: the collector would touch, and so copy, every page that both share
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _write_and_end(request, write, writing)
    os.close(writing)
    return process, os.fdopen(reading, "rb")


def _reap(process: int, request: Request) -> None:
    """Waits for the process. If it died, this one dies the same way."""
    _, status, usage = os.wait4(process, 0)
    if status:
        _die_like(status, usage.ru_maxrss * 1024 > request.limits.memory_bytes // 2)


def _write_and_end(request: Request, write: Callable[[BinaryIO], object], writing: int) -> NoReturn:
    code = 1
    try:
        lockdown.die_with_parent()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)  # the next documents are not for this process
        os.closerange(writing + 1, 256)
        os.closerange(3, writing)
        _lock_down(request)
        with os.fdopen(writing, "wb") as stream:
            write(stream)
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
