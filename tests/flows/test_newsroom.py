"""The demo newsroom answers as a small press would: its feeds, its pages, its faults, the same for the same time."""

import difflib
import http.client
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import ahocorasick_rs
import feedparser
import httpx
import pytest
import trafilatura
from protego import Protego
from trafilatura.settings import Document

from flows.demo.content import Outlet, Page, read_outlets
from flows.demo.newsroom import Newsroom, lay_out_sites, open_newsroom
from flows.demo.rendering import date_page, locate

NOW = datetime.now(UTC)
OUTLETS = {outlet.id: outlet for outlet in read_outlets()}
PAGES = [(outlet, page) for outlet in OUTLETS.values() for page in outlet.pages]
READABLE = [(outlet, page) for outlet, page in PAGES if page.access != "missing"]
FRESH_HOURS = 72

each_outlet = pytest.mark.parametrize("outlet", OUTLETS.values(), ids=OUTLETS)
each_readable = pytest.mark.parametrize(
    ("outlet", "page"), READABLE, ids=[f"{outlet.id}{page.path}" for outlet, page in READABLE]
)


class LoopbackTransport(httpx.HTTPTransport):
    """Connects to the newsroom whatever the host; the Host header, set from the URL, keeps the name."""

    def __init__(self, newsroom: Newsroom) -> None:
        super().__init__()
        self.host, self.port = newsroom.address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=self.host, port=self.port)
        return super().handle_request(request)


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with open_newsroom(NOW) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def client(newsroom: Newsroom) -> Iterator[httpx.Client]:
    with httpx.Client(transport=LoopbackTransport(newsroom), trust_env=False) as client:
        yield client


def find_page(path: str) -> tuple[Outlet, Page]:
    return next((outlet, page) for outlet, page in PAGES if page.path == path)


def get_feed(client: httpx.Client, outlet: Outlet) -> httpx.Response:
    return client.get(locate(outlet, outlet.feed))


def get_page(client: httpx.Client, outlet: Outlet, page: Page) -> httpx.Response:
    return client.get(locate(outlet, page.path))


def test_the_sources_file_is_by_the_contract(newsroom: Newsroom) -> None:
    sources = tomllib.loads(newsroom.sources)["source"]
    assert {tuple(source) for source in sources} == {("id", "name", "kind", "url", "language", "country", "outlet", "every")}
    assert [source["id"] for source in sources] == list(OUTLETS)
    assert {source["kind"] for source in sources} == {"feed"}
    assert {urlsplit(source["url"]).netloc for source in sources} == newsroom.hosts
    assert {source["outlet"] for source in sources} == {"state", "independent", "wire", "official", "think-tank"}


def test_there_is_enough_to_read() -> None:
    open_pages = [outlet.language for outlet, page in PAGES if page.access == "open"]
    assert Counter(open_pages) == {"en": 10, "ru": 9, "fr": 7, "kk": 5, "uz": 5}
    assert len({outlet.template for outlet in OUTLETS.values()}) == 5


@each_readable
def test_an_article_is_long_enough_to_split(outlet: Outlet, page: Page) -> None:
    lengths = [len(paragraph.split()) for paragraph in page.paragraphs]
    assert 3 <= len(lengths) <= 7, outlet.id
    assert all(30 <= length <= 90 for length in lengths)
    assert 150 <= sum(lengths) <= 400


@each_outlet
def test_a_feed_lists_every_article_newest_first(client: httpx.Client, outlet: Outlet) -> None:
    feed = feedparser.parse(get_feed(client, outlet).content)
    assert [(entry.link, entry.title) for entry in feed.entries] == [
        (locate(outlet, path), page.title) for page in outlet.pages for path in page.listed_as
    ]
    stamps = [entry.published_parsed for entry in feed.entries]
    assert stamps == sorted(stamps, reverse=True)


@each_outlet
def test_only_the_broken_feed_is_broken(client: httpx.Client, outlet: Outlet) -> None:
    body = get_feed(client, outlet).content
    if outlet.feed_kind == "broken":
        with pytest.raises(ET.ParseError):
            ET.fromstring(body)
    else:
        assert ET.fromstring(body).tag in {"rss", "{http://www.w3.org/2005/Atom}feed"}


@each_outlet
def test_every_listed_address_answers_as_declared(client: httpx.Client, outlet: Outlet) -> None:
    for page in outlet.pages:
        for path in page.listed_as:
            answer = client.get(locate(outlet, path))
            moved = urlsplit(path).path != page.path
            assert answer.status_code == (404 if page.access == "missing" else 301 if moved else 200)
            assert answer.headers["Content-Type"].startswith("text/html")
            assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_an_old_address_leads_to_the_article(client: httpx.Client) -> None:
    outlet, page = find_page("/articles/banque-ocs-samarcande")
    moved = client.get(locate(outlet, "/r/2291"), follow_redirects=True)
    assert [step.status_code for step in moved.history] == [301]
    assert moved.history[0].headers["Location"] == locate(outlet, page.path)
    assert page.paragraphs[0] in moved.text.replace("&#39;", "'")


def test_a_decorated_address_shows_the_same_page(client: httpx.Client) -> None:
    outlet, page = find_page("/story/bukhara-film-festival")
    plain, decorated = (client.get(locate(outlet, path)) for path in page.listed_as)
    assert plain.url != decorated.url
    assert plain.content == decorated.content


@each_outlet
def test_robots_txt_forbids_only_the_closed_pages(client: httpx.Client, outlet: Outlet) -> None:
    robots = Protego.parse(client.get(locate(outlet, "/robots.txt")).text)
    allowed = {page.path: robots.can_fetch(locate(outlet, page.path), "vigie") for page in outlet.pages}
    assert allowed == {page.path: page.access != "forbidden" for page in outlet.pages}
    assert robots.can_fetch(locate(outlet, outlet.feed), "vigie")


def test_each_oddity_is_there_once() -> None:
    assert Counter(page.access for _, page in PAGES) == {"open": 36, "missing": 1, "forbidden": 1}
    assert [page.path for _, page in PAGES if page.hours_ago > FRESH_HOURS - 10] == ["/notes/tadjikistan-accord-renforce/"]
    assert {outlet.feed_kind for outlet in OUTLETS.values()} == {"rss", "atom", "broken"}


def test_one_outlet_sends_windows_1251_and_says_so_only_in_the_page(client: httpx.Client) -> None:
    outlet = OUTLETS["vestnik-stepi"]
    for page in outlet.pages:
        answer = get_page(client, outlet, page)
        assert answer.headers["Content-Type"] == "text/html"
        assert b'<meta charset="windows-1251">' in answer.content
        assert page.paragraphs[0] in answer.content.decode("cp1251")
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")


@each_readable
def test_trafilatura_reads_the_article_and_nothing_else(client: httpx.Client, outlet: Outlet, page: Page) -> None:
    found = trafilatura.bare_extraction(
        get_page(client, outlet, page).content,
        url=locate(outlet, page.path),
        with_metadata=True,
        include_comments=False,
    )
    assert isinstance(found, Document)
    assert tuple(line for line in (found.text or "").split("\n") if line) == page.paragraphs
    assert (found.title, found.author) == (page.title, page.author)
    assert found.date == date_page(page, NOW).date().isoformat()


@each_outlet
def test_the_pages_wear_the_furniture_of_a_site(client: httpx.Client, outlet: Outlet) -> None:
    html = get_page(client, outlet, outlet.pages[0]).content.decode(outlet.encoding)
    plain = html.replace("&#39;", "'")
    furniture = [
        *outlet.menu,
        outlet.adverts[0],
        outlet.cookies,
        outlet.comments,
        outlet.related_heading,
        outlet.footer,
    ]
    assert [words for words in furniture if words not in plain] == []
    assert outlet.pages[1].title in plain or outlet.pages[1].access != "open"


@each_outlet
def test_the_front_page_shows_where_the_feed_is(client: httpx.Client, outlet: Outlet) -> None:
    front = client.get(locate(outlet, "/?menu=2"))
    assert front.status_code == httpx.codes.OK
    assert f'href="{outlet.feed}"' in front.content.decode(outlet.encoding)


def test_the_same_time_gives_the_same_bytes(newsroom: Newsroom) -> None:
    assert lay_out_sites(read_outlets(), NOW) == lay_out_sites(read_outlets(), NOW)
    with open_newsroom(NOW) as second:
        assert (second.hosts, second.sources) == (newsroom.hosts, newsroom.sources)


def test_another_time_moves_the_dates_and_no_address() -> None:
    outlets = read_outlets()
    today, later = (lay_out_sites(outlets, NOW + timedelta(days=days)) for days in (0, 40))
    assert today.keys() == later.keys()
    outlet, page = find_page("/wire/kyrgyzstan-withdraws-exercise")
    assert today[outlet.host, page.path] != later[outlet.host, page.path]


@each_outlet
def test_an_unchanged_feed_answers_304(client: httpx.Client, outlet: Outlet) -> None:
    tag = get_feed(client, outlet).headers["ETag"]
    answer = client.get(locate(outlet, outlet.feed), headers={"If-None-Match": f'"other", W/{tag}'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    stale = client.get(locate(outlet, outlet.feed), headers={"If-None-Match": '"other"'})
    assert stale.status_code == httpx.codes.OK


def test_one_connection_carries_several_requests(newsroom: Newsroom) -> None:
    outlet = OUTLETS["chorsu"]
    connection = http.client.HTTPConnection(*newsroom.address)
    sockets = []
    for path in ("/robots.txt", outlet.feed, "/nowhere"):
        connection.request("GET", path, headers={"Host": outlet.host})
        connection.getresponse().read()
        sockets.append(connection.sock)
    connection.close()
    assert sockets[0] is not None
    assert sockets == sockets[:1] * 3


def test_head_gives_the_length_without_the_body(client: httpx.Client) -> None:
    outlet = OUTLETS["steppe-wire"]
    head = client.head(locate(outlet, outlet.feed))
    assert head.content == b""
    assert int(head.headers["Content-Length"]) == len(get_feed(client, outlet).content)


def test_a_host_of_nobody_is_misdirected(client: httpx.Client) -> None:
    assert client.get("http://nobody.example/").status_code == httpx.codes.MISDIRECTED_REQUEST


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"), open_newsroom(datetime(2026, 1, 2)):  # noqa: DTZ001 - the fault meant
        pass


def test_the_syndicated_copy_is_near_and_not_equal() -> None:
    original, copy = (
        re.findall(r"\w+", " ".join(find_page(path)[1].paragraphs))
        for path in ("/wire/kyrgyzstan-withdraws-exercise", "/story/bishkek-will-not-host-drill")
    )
    changed = 1 - difflib.SequenceMatcher(None, original, copy, autojunk=False).ratio()
    assert 0.05 <= changed <= 0.10


def test_no_sentence_of_the_demo_occurs_elsewhere_in_the_repository() -> None:
    demo = Path(lay_out_sites.__code__.co_filename).parent
    text = " ".join(paragraph for _, page in PAGES for paragraph in page.paragraphs)
    sentences = [sentence for sentence in re.split(r"(?<=[.!?…])\s+", text) if len(sentence) > 40]
    matcher = ahocorasick_rs.AhoCorasick(sentences)
    assert {file: found for file in list_texts(demo.parents[1], demo) if (found := search(matcher, file))} == {}


def list_texts(root: Path, demo: Path) -> Iterator[Path]:
    rooms = ("alerts", "benchmarks", "board", "deploy", "extractors", "flows", "storage", "tests")
    kinds = {".py", ".toml", ".md", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".html", ".xml", ".j2"}
    for room in rooms:
        yield from (f for f in (root / room).rglob("*") if f.suffix in kinds and not f.is_relative_to(demo))


def search(matcher: ahocorasick_rs.AhoCorasick, file: Path) -> list[str]:
    return matcher.find_matches_as_strings(file.read_text("utf-8", errors="replace"))
