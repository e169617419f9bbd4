"""What was searched last, so that the same question of the same reader is not searched again in the same generation."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from ragkb.settings import SearchSettings
from ragkb.types import Hit

if TYPE_CHECKING:
    from ragkb.retrieve.search import Query
    from ragkb.store.reader import Reader

_Key = tuple[object, ...]
HITS = 20  # kept for each search on the average, so that long lists do not fill the memory


class Recent:
    """Hits by question, reader and settings, of one generation: what is removed is forgotten with the next search.

    Safe from several threads.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[_Key, list[Hit]] = OrderedDict()
        self._hits = 0  # in all lists together
        self._generation = 0
        self._lock = threading.Lock()

    def get(self, reader: Reader, query: Query, settings: SearchSettings, search: Callable[[], list[Hit]]) -> list[Hit]:
        """What `search` returns, or returned for the same. `settings.remembered` questions are kept, the last ones."""
        generation, key = reader.snapshot.generation, _key(query, settings)
        with self._lock:
            if generation > self._generation:
                self._generation = generation
                self._found.clear()
                self._hits = 0
            if generation == self._generation and key in self._found:
                self._found.move_to_end(key)
                return list(self._found[key])
        hits = search()
        with self._lock:
            if generation == self._generation and key not in self._found:
                self._found[key] = hits
                self._hits += len(hits)
                while len(self._found) > settings.remembered or self._hits > HITS * settings.remembered:
                    self._hits -= len(self._found.popitem(last=False)[1])
        return list(hits)


def _key(query: Query, settings: SearchSettings) -> _Key:
    where = repr(sorted(query.where.items())) if query.where else ""
    return query.text, query.k, query.leg, where, query.as_.is_admin, frozenset(query.as_.groups), settings
