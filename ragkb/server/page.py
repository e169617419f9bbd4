"""An OpenAPI document as one readable page of HTML, without script and without a request to anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]
STYLE = """
:root { color-scheme: light dark; --line: light-dark(#dde1e6, #33383f); --soft: light-dark(#5b6470, #9aa4b0);
  --card: light-dark(#f7f8fa, #1c2025); --get: light-dark(#0b6e4f, #4fc79c); --post: light-dark(#1d4ed8, #7fa8ff);
  --delete: light-dark(#b42318, #ff8a7a); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 3rem auto; padding: 0 1.2rem; }
h1 { margin-bottom: .2rem } h2 { margin: 2.5rem 0 .8rem; font-size: 1.1rem; color: var(--soft); font-weight: 600 }
p { margin: .5rem 0 } .soft { color: var(--soft) } a { color: inherit }
code, pre { font: .875rem/1.5 ui-monospace, monospace }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem }
pre { overflow-x: auto }
details { border: 1px solid var(--line); border-radius: 10px; margin: .6rem 0; padding: 0 1rem }
details[open] { padding-bottom: .8rem } summary { cursor: pointer; padding: .7rem 0 }
summary code { font-size: .95rem; font-weight: 600 }
summary b { display: inline-block; width: 4.6rem; font-size: .8rem }
summary:focus-visible { outline: 2px solid var(--post); outline-offset: 4px; border-radius: 6px }
.get { color: var(--get) } .post { color: var(--post) } .delete { color: var(--delete) }
h3 { font-size: .85rem; margin: 1.1rem 0 .3rem; color: var(--soft) }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid var(--line); padding: .35rem .8rem .35rem 0; vertical-align: top }
td:first-child { white-space: nowrap; width: 8rem }
"""
STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"


def page(api: Json) -> str:
    """The whole page: every operation with its parameters, body, an example and its responses."""
    info = api["info"]
    body = "".join(_sections(api))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} HTTP API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        f'<h1>{escape(info["title"])} <span class="soft">{escape(info["version"])}</span></h1>'
        f'<p>{escape(info["description"])}</p><p class="soft">For programs: <a href="/openapi.json">openapi.json</a>. '
        f"Every error is <code>{escape(json.dumps(_ERROR))}</code></p>{body}</main></body></html>"
    )


_ERROR = {"error": {"type": "..", "message": "..", "hint": ".."}}


def _sections(api: Json) -> Iterator[str]:
    """The operations, under the heading of their tag."""
    sections: dict[str, list[str]] = {}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_operation(api, method, path, operation))
    for tag, shown in sections.items():
        yield f"<section><h2>{escape(tag)}</h2>{''.join(shown)}</section>"


def _operation(api: Json, method: str, path: str, operation: Json) -> str:
    first, _, rest = operation.get("description", "").partition("\n\n")
    contents = operation.get("requestBody", {}).get("content", {})
    parts = [f"<p>{escape(rest)}</p>" if rest else ""]
    parts += [_table("Parameters", [_parameter(one) for one in operation.get("parameters", [])])]
    for media, content in contents.items():
        schema = _resolved(api, content["schema"])
        required = schema.get("required", [])
        rows = [_row(name, _typed(api, one), one, name in required) for name, one in schema["properties"].items()]
        parts.append(_table(f"Body, {media}", rows))
    parts.append(f"<h3>Example</h3><pre>{escape(_example(method, path, list(contents)))}</pre>")
    rows = [(status, escape(one["description"])) for status, one in operation["responses"].items()]
    parts.append(_table("Responses", rows))
    summary = f'<b class="{escape(method)}">{escape(method.upper())}</b><code>{escape(path)}</code>'
    return (
        f'<details><summary>{summary}<br><span class="soft">{escape(first)}</span></summary>{"".join(parts)}</details>'
    )


def _parameter(one: Json) -> tuple[str, str]:
    return _row(one["name"], _typed({}, one["schema"]), one, one.get("required", False))


def _row(name: str, type: str, about: Json, required: bool) -> tuple[str, str]:
    words = about.get("description", "")
    kind = f"{type}, required" if required else type
    explained = f"<br>{escape(words)}" if words else ""
    return name, f'<span class="soft">{escape(kind)}</span>{explained}'


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    """Names and cells; the cells are HTML already."""
    if not rows:
        return ""
    lines = "".join(f"<tr><td><code>{escape(name)}</code></td><td>{cell}</td></tr>" for name, cell in rows)
    return f"<h3>{escape(title)}</h3><table>{lines}</table>"


def _example(method: str, path: str, medias: list[str]) -> str:
    target = "http://127.0.0.1:8000" + path.replace("{id}", "ID")
    lines = [f"curl {target}" if method == "get" else f"curl -X {method.upper()} {target}"]
    if path == "/v1/documents" and "multipart/form-data" in medias:
        lines = [f"curl {target} -F file=@policy.pdf -F title='Travel policy'"]
    elif medias:
        name = "query" if path.endswith("search") else "question"
        body = json.dumps({name: "How long is parental leave?", "k": 5})
        lines = [f"curl {target} -H 'content-type: application/json' \\", f"  -d '{body}'"]
    return "\n".join(lines)


def _resolved(api: Json, schema: Json) -> Json:
    """The schema itself, where there is a reference to it."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Json = api["components"]["schemas"][name] if name else schema
    return found


def _typed(api: Json, schema: Json) -> str:
    """The type in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_typed(api, one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_typed(api, schema.get('items', {}))}"
    return str(schema.get("type", "value"))
