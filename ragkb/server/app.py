"""The HTTP application. Makes nothing and closes nothing: the knowledge base is handed in open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.middleware import Middleware

from ragkb import __version__
from ragkb.kb import KnowledgeBase
from ragkb.server import openapi, problems
from ragkb.server.auditing import Audit
from ragkb.server.deadlines import Deadline
from ragkb.server.mcp_route import Mcp
from ragkb.server.middleware import BodyLimit, Guard, LocalOnly
from ragkb.server.routes import (
    admin,
    docs,
    documents,
    feedback,
    health,
    jobs,
    me,
    nightly,
    openai,
    originals,
    query,
    web,
)
from ragkb.server.service import DEFAULT, Site
from ragkb.server.spoken import OpenAIErrors
from ragkb.server.tenants import Identify
from ragkb.server.tracing import Traced, Tracing, tracing
from ragkb.settings import Settings
from ragkb.types import NOBODY, Principal

ABOUT = "Answers questions from a company's documents, with citations that are exact quotes."


def create_app(
    kb: KnowledgeBase,
    settings: Settings | None = None,
    *,
    principal: Principal = NOBODY,
    others: Mapping[str, KnowledgeBase] = MappingProxyType({}),
    traces: Tracing | None = None,
) -> FastAPI:
    """The application over `kb`, with `others` by name at /kb/NAME.

    principal: who every caller is while no key was made; by default one who sees what everyone may see. traces: where
    they go; by default to the collector that the environment names, if it names one.
    """
    settings = settings or kb.settings
    mcp = Mcp()
    site = Site({DEFAULT: kb, **others}, settings, principal, traces or tracing())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            yield
        site.tracing.close()

    app = FastAPI(
        title="ragkb",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # FastAPI's page loads its script from a CDN; routes/docs.py makes one that does not
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would repeat the Host header
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(Guard, metrics=site.metrics),
            Middleware(Traced, tracing=site.tracing),
            Middleware(OpenAIErrors),
            Middleware(LocalOnly, site=site),
            Middleware(Identify, site=site),
            Middleware(Audit, site=site),
            Middleware(Deadline, site=site),
            Middleware(BodyLimit, site=site),
        ],
    )
    app.state.site = site
    problems.install(app)
    for module in (query, openai, feedback, documents, jobs, originals, me, admin, nightly, health, docs, web):
        app.include_router(module.router)
    app.router.routes.append(mcp.route)
    openapi.install(app)
    return app
