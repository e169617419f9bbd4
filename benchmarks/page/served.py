"""A server over a knowledge base, in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ragkb.kb import KnowledgeBase
from ragkb.server.app import create_app
from ragkb.server.run import listening, server, url


@contextmanager
def serving(kb: KnowledgeBase) -> Iterator[str]:
    """The address of a server over the knowledge base."""
    with listening("127.0.0.1", 0) as listener:
        running = server(create_app(kb))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url(listener)
        finally:
            running.should_exit = True
            thread.join()
