"""Pages of the web, one at a time or by a sitemap. Nothing is fetched before the settings name hosts."""

from __future__ import annotations

import re
import zlib
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import unquote
from urllib.robotparser import RobotFileParser

from lxml import etree

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.loaders import EXTENSIONS
from ragkb.ingest.sources import urls
from ragkb.ingest.sources.client import AGENT, Fetcher, collected, gunzip
from ragkb.ingest.sources.model import Fetched, SourceFile
from ragkb.ingest.sources.urls import Url
from ragkb.settings import LimitSettings, WebSettings

_SITEMAP_BYTES = 50_000_000  # the protocol's own limit, of the uncompressed file
_ROBOTS_BYTES = 500_000
_SITEMAPS = 1_000
_SUFFIXES = {media: suffix for suffix, media in sorted(EXTENSIONS.items(), reverse=True)} | {
    "application/xhtml+xml": ".xhtml", "text/html": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/json": ".json",
}  # fmt: skip
_CHARSET = re.compile(
    r"""charset\s*=\s*["']?(utf-?16(?:le|be)?|iso-8859-\d+|windows-125\d|gb2312|gbk|gb18030|big5|shift_jis|euc-jp"""
    r"""|euc-kr|koi8-[ru])\b""",
    re.IGNORECASE,
)


def find(
    address: str, settings: WebSettings, limits: LimitSettings, fetcher: Fetcher | None = None
) -> list[SourceFile]:
    """The page, or the pages of the sitemap in its order; a page is fetched when it is read.

    Raises InputError for an address that may not be fetched or a sitemap that cannot be read, LimitExceeded for one
    with more pages than the settings allow.
    """
    if not settings.allow:
        raise InputError("fetching from the web is off", 'name the hosts: ingest.web.allow = ["docs.example.com"]')
    site = _Web(fetcher or Fetcher(settings), settings)
    try:
        url = urls.parse(address)
        site.fetcher.check(url)
        if not _is_sitemap(url):
            return [site.file(url, url.site)]
        pages = site.pages(url, min(limits.file_bytes, _SITEMAP_BYTES))
    except DocumentRefused as error:
        raise InputError(f"{address}: {error.message}", error.hint) from None
    return [site.listed(page, str(url)) for page in pages]


def covers(address: str, root: str) -> bool:
    """True if the address is the sitemap from which documents under `root` came."""
    url = urls.parse(address)
    return _is_sitemap(url) and root == str(url)


class _Web:
    """One run's pages, with the rules of each site."""

    def __init__(self, fetcher: Fetcher, settings: WebSettings) -> None:
        self.fetcher, self._settings = fetcher, settings
        self._robots: dict[str, RobotFileParser | None] = {}

    def file(self, url: Url, root: str) -> SourceFile:
        return SourceFile(root, _source(url), None, -1, fetch=partial(self.fetch, url))

    def listed(self, address: str, root: str) -> SourceFile:
        """A page of a sitemap; refused where it must not be fetched."""
        try:
            url = urls.parse(address)
            self.fetcher.check(url)
        except DocumentRefused as error:
            return SourceFile(root, "".join(c for c in address if c.isprintable())[:500], None, refused=str(error))
        return self.file(url, root)

    def fetch(self, url: Url, limits: LimitSettings) -> Fetched:
        """The page's bytes. Raises DocumentRefused, LimitExceeded."""
        answer = self.fetcher.get(url, limits.file_bytes, self._ask_robots)
        if answer.status != 200:
            raise DocumentRefused(f"the server answered {answer.status}", "check the address")
        return Fetched(_as_utf8(answer.data, answer.content_type), _name(answer.url, answer.content_type))

    def pages(self, url: Url, limit: int) -> list[str]:
        """The addresses that a sitemap names, those of the sitemaps in an index too; each once."""
        waiting, done, found = [url], {url}, dict[str, None]()
        while waiting:
            kind, addresses = self._sitemap(waiting.pop(0), limit)
            if kind == "sitemapindex":
                new = [one for one in dict.fromkeys(map(urls.parse, addresses)) if one not in done]
                done.update(new)
                waiting += new
            else:
                found.update(dict.fromkeys(addresses))
            if len(found) > self._settings.pages:
                raise LimitExceeded(f"{url} names more than {self._settings.pages} pages", "raise ingest.web.pages")
            if len(done) > _SITEMAPS:
                raise LimitExceeded(f"{url} names more than {_SITEMAPS} sitemaps", "ingest them one by one")
        return list(found)

    def _sitemap(self, url: Url, limit: int) -> tuple[str, list[str]]:
        answer = self.fetcher.get(url, limit, self._ask_robots)
        if answer.status != 200:
            raise DocumentRefused(f"{url}: the server answered {answer.status}", "check the address")
        data = answer.data
        try:
            if data.startswith(b"\x1f\x8b"):
                data = collected(gunzip([data]), limit)
        except zlib.error as error:
            raise DocumentRefused(f"{url}: broken gzip: {error}") from None
        return parsed(data, str(url))

    def _ask_robots(self, url: Url) -> None:
        """Raises DocumentRefused where robots.txt of the site forbids the page (RFC 9309)."""
        if url.site not in self._robots:
            self._robots[url.site] = self._read_robots(url)
        rules = self._robots[url.site]
        if rules is None:
            raise DocumentRefused(f"{url.site}/robots.txt cannot be read, which forbids every page", "try again later")
        if not rules.can_fetch(AGENT, str(url)):
            raise DocumentRefused(f"{url.site}/robots.txt forbids the page")

    def _read_robots(self, url: Url) -> RobotFileParser | None:
        """The site's rules; None where the server fails, so that nobody can tell what they are."""
        rules = RobotFileParser()
        try:
            answer = self.fetcher.get(Url(url.scheme, url.host, url.port, "/robots.txt"), _ROBOTS_BYTES)
        except LimitExceeded:
            return None
        if answer.status >= 500 or answer.status == 429:
            return None
        rules.parse(answer.data.decode("utf-8-sig", "replace").splitlines())
        return rules


def parsed(data: bytes, where: str) -> tuple[str, list[str]]:
    """("urlset" or "sitemapindex", the addresses in it). Raises DocumentRefused for anything else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentRefused(f"{where}: broken sitemap: {' '.join(str(error).split())[:200]}") from None
    if root.getroottree().docinfo.doctype:
        raise DocumentRefused(f"{where}: a sitemap with a document type", "it may hold entities; remove the DOCTYPE")
    kind = etree.QName(root).localname
    if kind not in ("urlset", "sitemapindex"):
        raise DocumentRefused(f"{where}: not a sitemap but <{kind}>", "give the address of a sitemap or of a page")
    found = (entry.find("{*}loc") for entry in root if isinstance(entry.tag, str))
    return kind, [loc.text.strip() for loc in found if loc is not None and loc.text and loc.text.strip()]


def _is_sitemap(url: Url) -> bool:
    return url.path.lower().endswith((".xml", ".xml.gz"))


def _source(url: Url) -> str:
    """How citations name the page: host, path and query, readable."""
    shown = "".join(c if c.isprintable() else "�" for c in unquote(url.path))
    query = url.target.partition("?")[2]
    return f"{url.place}{shown}{f'?{query}' if query else ''}"


def _name(url: Url, content_type: str) -> str:
    """A file name whose extension is the format that the server declares, else that of the address."""
    path = PurePosixPath(unquote(url.path))
    media = content_type.partition(";")[0].strip().lower()
    if EXTENSIONS.get(path.suffix.lower()) == media or media not in _SUFFIXES:
        return path.name or "page"
    if media == "text/plain" and path.suffix.lower() in EXTENSIONS:  # servers send .md, .csv and .json as plain text
        return path.name
    return f"{path.stem or 'page'}{_SUFFIXES[media]}"


def _as_utf8(data: bytes, content_type: str) -> bytes:
    """A text in the encoding that only the server names as UTF-8 with its mark; everything else as it is."""
    match = _CHARSET.search(content_type)
    if not match or not content_type.startswith("text/"):
        return data
    try:
        return b"\xef\xbb\xbf" + data.decode(match[1]).removeprefix("\ufeff").encode()
    except (UnicodeError, LookupError):
        return data
