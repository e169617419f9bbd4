"""The page's modules alone: events cut anywhere, offsets behind astral characters, links from strangers."""

from __future__ import annotations

from typing import Any

EVENTS = 'event: sentence\r\ndata: {"text": "15天 🚀"}\r\n\r\n: still there\n\nevent: answer\ndata: {"a":\ndata: 1}\n\n'
LINKS = {
    "#q=a%20b&where=%7B%22x%22%3A%5B1%5D%7D": {"question": "a b", "where": {"x": [1]}},
    "#q=a&where=%7B%22x%22%3A%7B%7D%7D": {"question": "a", "where": {}},
    "#q=a&where=nonsense": {"question": "a", "where": {}},
    "#/documents": {"view": "documents"},
    "#/../x": {"view": "ask"},
}
READ = """
async ([module, pieces]) => {
  const { events } = await import(module);
  const stream = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new Uint8Array(piece));
      controller.close();
    },
  });
  const found = [];
  for await (const event of events(stream)) found.push(event);
  return found;
}
"""


def module(page: Any, name: str) -> str:
    """The address of a module."""
    return str(page.locator('script[type="module"]').get_attribute("src")).replace("app.js", name)


def test_events_are_read_wherever_the_network_cuts_them(opened: Any) -> None:
    page = opened()
    sent = EVENTS.encode()
    for size in (1, 7, 1000):
        pieces = [list(sent[start : start + size]) for start in range(0, len(sent), size)]
        assert page.evaluate(READ, [module(page, "sse.js"), pieces]) == [
            {"event": "sentence", "data": {"text": "15天 🚀"}},
            {"event": "answer", "data": {"a": 1}},
        ]


def test_offsets_count_code_points(opened: Any) -> None:
    page = opened()
    text = "a😀b🎉c"
    find = "async ([module, text]) => (await import(module)).indexes(text, [0, 1, 2, 3, 5, 9])"
    found = page.evaluate(find, [module(page, "offsets.js"), text])
    assert found == [len(text[:point].encode("utf-16-le")) // 2 for point in (0, 1, 2, 3, 5, 9)]


def test_a_link_is_read_with_care(opened: Any) -> None:
    page = opened()
    read = "async ([module, fragment]) => (await import(module)).read(fragment)"
    for fragment, expected in LINKS.items():
        assert page.evaluate(read, [module(page, "links.js"), fragment]) == expected
