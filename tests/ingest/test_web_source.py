"""Pages and sitemaps through the knowledge base, from a real server on loopback."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.sources import find, web
from ragkb.kb import KnowledgeBase
from ragkb.settings import IngestSettings, Settings, WebSettings
from tests.conftest import WordHashes
from tests.ingest.ingest_files import pdf
from tests.ingest.web_server import Site, serving

HTML = {"Content-Type": "text/html; charset=utf-8"}
XML = {"Content-Type": "application/xml"}


def page(text: str) -> tuple[int, dict[str, str], bytes]:
    return 200, HTML, f"<h1>{text}</h1><p>All about {text}.</p>".encode()


def sitemap(*addresses: str, kind: str = "urlset") -> bytes:
    inner = "sitemap" if kind == "sitemapindex" else "url"
    entries = "".join(f"<{inner}><loc> {address} </loc></{inner}>" for address in addresses)
    return f'<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{kind}>'.encode()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({"/leave": page("leave"), "/travel": page("travel")}) as up:
        up.pages["/sitemap.xml"] = (200, XML, sitemap(up.url("/leave"), up.url("/travel")))
        yield up


def allowing(site: Site, **web: object) -> Settings:
    given = {"allow": ("127.0.0.1",), "private": True, "ports": (site.port,), "seconds": 5, **web}
    return Settings(ingest=IngestSettings(web=WebSettings(**given)))  # type: ignore[arg-type]


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes, site: Site) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=words, settings=allowing(site))


def sources(kb: KnowledgeBase) -> list[str]:
    return [document.source.partition("/")[2] for document in kb.documents()]


def test_a_page_is_ingested_and_recognised(kb: KnowledgeBase, site: Site) -> None:
    report = kb.ingest(site.url("/leave"))
    assert [(file.status, file.source) for file in report.files] == [("ingested", f"127.0.0.1:{site.port}/leave")]
    assert kb.search("leave")[0].title == "leave"
    assert kb.ingest(site.url("/leave")).count("unchanged") == 1
    site.pages["/leave"] = page("other leave")
    assert kb.ingest(site.url("/leave")).count("ingested") == 1
    assert sources(kb) == ["leave"]


def test_a_sitemap_brings_its_pages_and_prune_removes_what_it_no_longer_names(kb: KnowledgeBase, site: Site) -> None:
    kb.ingest(site.url("/travel"))
    assert kb.ingest(site.url("/sitemap.xml")).count("ingested") == 1  # the other page is there already
    site.pages["/more"] = page("more")
    site.pages["/sitemap.xml"] = (200, XML, sitemap(site.url("/more")))
    report = kb.ingest(site.url("/sitemap.xml"), prune=True)
    assert [file.status for file in report.files] == ["ingested", "removed"]
    assert sources(kb) == ["more", "travel"]  # travel came by itself


def test_a_page_that_fails_is_refused_and_what_is_stored_stays(kb: KnowledgeBase, site: Site) -> None:
    kb.ingest(site.url("/sitemap.xml"))
    site.pages["/leave"] = (500, {}, b"")
    report = kb.ingest(site.url("/sitemap.xml"), prune=True)
    assert [file.reason for file in report.refused] == ["the server answered 500: check the address"]
    assert sources(kb) == ["leave", "travel"]


def test_an_index_of_compressed_sitemaps(kb: KnowledgeBase, site: Site) -> None:
    site.pages["/a.xml.gz"] = (200, {}, gzip.compress(sitemap(site.url("/leave"))))
    site.pages["/index.xml"] = (
        200, XML, sitemap(site.url("/a.xml.gz"), site.url("/sitemap.xml"), site.url("/index.xml"), kind="sitemapindex")
    )  # fmt: skip
    assert kb.ingest(site.url("/index.xml")).count("ingested") == 2


def test_pages_of_other_hosts_are_refused_one_by_one(kb: KnowledgeBase, site: Site) -> None:
    site.pages["/sitemap.xml"] = (200, XML, sitemap("http://evil.example/x", site.url("/leave"), "file:///etc/passwd"))
    report = kb.ingest(site.url("/sitemap.xml"))
    assert sorted(file.status for file in report.files) == ["ingested", "refused", "refused"]
    assert "ingest.web.allow" in report.refused[0].reason


def test_robots_txt_is_kept_to(kb: KnowledgeBase, site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /leave\n")
    report = kb.ingest(site.url("/sitemap.xml"))
    assert [file.reason for file in report.refused] == [f"{site.url('')}/robots.txt forbids the page"]
    assert "/leave" not in site.asked
    assert all(agent.startswith("ragkb/") for agent in site.agents)


def test_rules_that_cannot_be_read_forbid(kb: KnowledgeBase, site: Site) -> None:
    site.pages["/robots.txt"] = (503, {}, b"")
    assert "forbids every page" in kb.ingest(site.url("/leave")).refused[0].reason


def test_what_the_server_declares_tells_the_format(kb: KnowledgeBase, site: Site) -> None:
    site.pages["/report?id=5"] = (200, {"Content-Type": "application/pdf"}, pdf(["Revenue grew by four percent."]))
    site.pages["/notes"] = (200, {"Content-Type": "text/markdown"}, b"# Notes\n\n- one")
    site.pages["/gb"] = (200, {"Content-Type": "text/html; charset=gbk"}, "<p>差旅费用报销办法</p>".encode("gbk"))
    for path in ("/report?id=5", "/notes", "/gb"):
        assert kb.ingest(site.url(path)).files[0].status == "ingested"
    found = {document.source.partition("/")[2]: document for document in kb.documents()}
    assert found["report?id=5"].pages == 1
    assert found["notes"].media_type == "text/markdown"
    assert kb.document(found["gb"].id).text == "差旅费用报销办法"


def test_nothing_is_fetched_until_hosts_are_named(tmp_path: Path, words: WordHashes, site: Site) -> None:
    kb = KnowledgeBase.open(tmp_path / "off", embedder=words, settings=Settings())
    with pytest.raises(InputError, match=r"ingest\.web\.allow"):
        kb.ingest(site.url("/leave"))
    assert site.asked == []


def test_a_sitemap_has_a_limit_of_pages(site: Site) -> None:
    with pytest.raises(LimitExceeded, match=r"ingest\.web\.pages"):
        list(find([site.url("/sitemap.xml")], allowing(site, pages=1).ingest))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><urlset><url><loc>&a;</loc></url></urlset>", "document type"),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset>&a;</urlset>'.encode("utf-16"),
            "document type",
        ),
        (b"<html><body/></html>", "not a sitemap"),
        (b"<urlset>", "broken sitemap"),
    ],
)
def test_a_sitemap_that_is_none_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefused, match=reason):
        web.parsed(data, "sitemap.xml")


def test_a_compressed_sitemap_may_not_be_a_bomb(site: Site) -> None:
    site.pages["/sitemap.xml"] = (200, {}, gzip.compress(bytes(60_000_000)))
    with pytest.raises(LimitExceeded):
        list(find([site.url("/sitemap.xml")], allowing(site).ingest))
