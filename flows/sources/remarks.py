"""What a listing shows of itself, in words: its language, age, names of items, oddities of its writing. Fetches nothing."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from w3lib.html import remove_tags, remove_tags_with_content, replace_entities

from extractors.text.encoding import one_line
from extractors.text.language import detect_language
from extractors.text.scripts import script_of
from extractors.types import Entry, Page, Source
from extractors.web.autodiscovery import KINDS, declared_language, form_of

STALE = timedelta(days=30)
AHEAD = timedelta(days=1)  # a date so far in the future is a mistake, not news
TITLES = 30  # as many as tell a language: headlines are short and full of names
FULL = 0.8  # share of the page's text from which on the feed carries the article whole
GUID = re.compile(rb"<guid\b[^>]*>(.*?)</guid>", re.DOTALL)
TEXT = re.compile(rb"<(description|summary|content:encoded|content)\b[^>]*>(.*?)</\1>", re.DOTALL)
TEASER = 40  # characters that make a text of what follows a title
FEW = 2  # items from which on "all the same" says something


def language_of(texts: Iterable[str]) -> str:
    """The language of some texts as sources.toml writes it: `uz` is Latin, `uz-Cyrl` Cyrillic; "" where unsure."""
    text = ". ".join(filter(None, texts))
    code, _ = detect_language(text)
    if code == "und":
        return ""
    return "uz-Cyrl" if code == "uz" and script_of(text)[0] == "cyrillic" else code


def newest_of(entries: Sequence[Entry], now: datetime) -> datetime | None:
    """The latest believable date among entries."""
    return max((entry.published for entry in entries if entry.published and entry.published <= now + AHEAD), default=None)


def plain_length(html: str) -> int:
    """How many characters a reader sees of a piece of HTML."""
    return len(one_line(replace_entities(remove_tags(remove_tags_with_content(html, ("script", "style"))))))


def depth_of(page: Page, entries: Sequence[Entry], articles: Sequence[tuple[Entry, int]]) -> str:
    """How much of its articles a feed carries: `full`, `teaser`, `titles`; "" where no page could be compared.

    `articles` are entries with the characters that their pages hold.
    """
    if not any(entry.content for entry in entries):  # parse_feed gives no teasers
        return "teaser" if _has_teasers(page) else "titles"
    shares = [plain_length(entry.content) / length for entry, length in articles if length]
    if not shares:
        return ""
    return "full" if min(shares) >= FULL else "teaser"


def listing_remarks(page: Page | None, entries: Sequence[Entry], source: Source, language: str, now: datetime) -> list[str]:
    """What is odd in a listing that can be read, each in a few words; `page` is None where several requests made it."""
    return [
        *(_kind_remarks(page, source) if page else []),
        *_language_remarks(page, source, language),
        *(_age_remarks(entries, now) if source.kind != "page" else []),
        *(_markup_remarks(page) if page and source.kind == "feed" else []),
    ]


def _kind_remarks(page: Page, source: Source) -> list[str]:
    moved = [f"answers from {page.url}"] if page.url.rstrip("/") != source.url.strip().rstrip("/") else []
    kind = KINDS.get(form_of(page), source.kind)
    return moved if kind == source.kind else [*moved, f"is a {kind}, not a {source.kind}"]


def _language_remarks(page: Page | None, source: Source, language: str) -> list[str]:
    if not language:
        return []
    declared = declared_language(page) if page else ""
    said = [f"language is {language}, not {source.language}"] if source.language not in {"", language} else []
    if declared and declared.partition("-")[0].lower() != language.partition("-")[0]:
        said.append(f"declares {declared} and is written in {language}")
    return said


def _age_remarks(entries: Sequence[Entry], now: datetime) -> list[str]:
    dates = [entry.published for entry in entries if entry.published]
    newest = newest_of(entries, now)
    if not dates:
        return ["its items have no dates"]
    ahead = sum(date > now + AHEAD for date in dates)
    said = [f"{ahead} items are dated in the future"] if ahead else []
    if newest and now - newest > STALE:
        said.append(f"newest item is {(now - newest).days} days old")
    return said


def _markup_remarks(page: Page) -> list[str]:
    guids = [guid.strip() for guid in GUID.findall(page.body)]
    said = ["one guid for all its items"] if len(guids) >= FEW and len(set(guids)) == 1 else []
    if b"<item" in page.body and not guids and form_of(page) == "rss":
        said.append("its items have no guid")
    if _nests_cdata(page.body):
        said.append("CDATA inside CDATA")
    return said


def _has_teasers(page: Page) -> bool:
    items = page.body[max(page.body.find(b"<item"), page.body.find(b"<entry"), 0) :]
    texts = (found[2].decode("utf-8", "replace") for found in islice(TEXT.finditer(items), TITLES))
    return any(plain_length(text.replace("<![CDATA[", "")) >= TEASER for text in texts) or b'"content_' in page.body


def _nests_cdata(body: bytes) -> bool:
    opened = body.split(b"<![CDATA[")[1:-1]
    return b"&lt;![CDATA[" in body or any(b"]]>" not in part for part in opened)
