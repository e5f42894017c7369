"""The pages of mails as a browser shows them: nothing is cut off however narrow the window, by day, by night, without images."""

import base64
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.changes import compose_change
from alerts.digest import Digest, Item, Move, WatchState, compose_digest, compose_held
from alerts.interface import interface
from alerts.render import as_html
from alerts.upkeep import Quiet, compose_channel, compose_quiet
from extractors.signals.trends import Cell, WeekRead
from extractors.types import Report, Source

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
LONG = f"https://steppe.example/news/{'a-very-long-name-of-a-page_' * 12}.html"
NAME = "Сотрудничество" * 9
COLOURS = """[document.body, document.querySelector('.small')].map(item => getComputedStyle(item).color)
    .concat(getComputedStyle(document.body).backgroundColor)"""
PERSIAN = "قزاقستان از پیمان امنیت جمعی خارج می‌شود."


@pytest.fixture
def pages(make_payload: Callable[..., dict[str, Any]], make_report: Callable[..., Report]) -> dict[str, str]:
    """A page of every kind, each with an address or a name that is too long for the window."""
    item = Item("s1", "new", NAME, LONG, NAME, "ru", ("sco-initiative",), ("UZ", "KZ"), "like s0", 3)
    moves, ill = [Move("AM", 0.2, 0.8, clear=True)], WatchState(9, 9, 9, (NAME,), (), 2)
    picture = base64.b64encode((ROOT / "deploy/pictures/barometer.png").read_bytes()).decode()
    digest = Digest("weekly", NOW, NOW, date(2026, 3, 2), [item], moves, ["eu-partnership"], ["TM"], ill, picture)
    cell = Cell("KZ", "eu-partnership", date(2025, 9, 1), ("s1",), WeekRead(45, 45), 1.8, 1e-9, 2e-9, "burst")
    quiet = Quiet(Source("kabar", "feed", LONG, name=NAME), NOW, None, "12 items a day", "failing-gone", "http-404")
    payloads = {
        "alert": make_payload(url=LONG, title=NAME),
        "persian": make_payload(title=PERSIAN, text=PERSIAN, lang="fa"),
        "digest": compose_digest(digest, interface("fr")),
        "held": compose_held([item, replace(item, url="", outlet="", state="drop")], NOW, interface("ru")),
        "burst": compose_change(cell, "20 signals", "vigie signals list", [("s1", make_report(url=LONG, title=NAME))], {}),
        "quiet": compose_quiet([quiet]),
        "channel": compose_channel("hook", NOW, "smtp 550: " + "x" * 200),
    }
    return {name: as_html(payload) for name, payload in payloads.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_mails_fit_every_window_and_can_be_read_at_night_and_without_images(browser: Any, pages: dict[str, str]) -> None:
    window = browser.new_page()
    for name, page in pages.items():
        window.set_content(page)  # what a mail carries inside, `cid:`, is not there: as where images are blocked
        images = [image.get_attribute("alt") for image in window.locator("img").all()]
        assert images == (["Le baromètre"] if name == "digest" else [])
        colours = {}
        for scheme, width in (("light", 360), ("dark", 360), ("light", 800)):
            window.emulate_media(color_scheme=scheme)
            window.set_viewport_size({"width": width, "height": 640})
            assert window.evaluate("document.documentElement.scrollWidth") <= width, name
            colours[scheme] = window.evaluate(COLOURS)
        assert all(day != night for day, night in zip(colours["light"], colours["dark"], strict=True)), name
        if name == "persian":
            assert window.evaluate("getComputedStyle(document.querySelector('blockquote')).direction") == "rtl"
