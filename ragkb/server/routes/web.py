"""GET / and the files it is made of: the page for people, without a script, style or font from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parents[1] / "static"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REVALIDATE = "no-cache"
FOREVER = "public, max-age=31536000, immutable"


@router.get("/")
async def page(request: Request) -> Response:
    """The page. It names its files under their digest, so that a new version is never mixed with an old one."""
    body, etag = _index()
    headers = {"cache-control": REVALIDATE, "etag": etag, "content-security-policy": POLICY}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return _sent(request, body, "text/html; charset=utf-8", headers)


@router.get("/static/{digest}/{name}")
async def static(digest: str, name: str, request: Request) -> Response:
    """One file of the page, which never changes under its digest."""
    body = _files().get(name)
    if body is None or digest != _digest():
        raise HTTPException(404)
    headers = {"cache-control": FOREVER, "content-security-policy": "default-src 'none'"}
    return _sent(request, body, TYPES[Path(name).suffix], headers)


def _sent(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """The body, packed for whoever can unpack it."""
    headers["vary"] = "accept-encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = _packed(body), "gzip"
    return Response(body, media_type=media_type, headers=headers)


@lru_cache(None)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)


@lru_cache(None)
def _files() -> dict[str, bytes]:
    """The files by name, but for the page itself."""
    return {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}


@lru_cache(None)
def _digest() -> str:
    digest = hashlib.sha256()
    for name, body in _files().items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:16]


@lru_cache(None)
def _index() -> tuple[bytes, str]:
    """(page, etag). Modules are named ahead, since a browser would otherwise find them one import after another."""
    base = f"/static/{_digest()}"
    modules = [name for name in _files() if name.endswith(".js") and name not in ("app.js", "early.js")]
    preloads = "\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in modules)
    template = (STATIC / "index.html").read_text("utf-8")
    body = template.replace("{preloads}", preloads).replace("{base}", base).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
