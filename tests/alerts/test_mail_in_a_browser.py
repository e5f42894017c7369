"""The page of a mail as a browser shows it: in a window as narrow as a telephone's nothing is cut off, by day and by night."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.render import as_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NARROW = 360


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mail_fits_a_telephone_and_can_be_read_at_night(
    make_payload: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    url = f"https://steppe.example/news/{'a-very-long-name-of-a-page_' * 12}.html"
    (tmp_path / "mail.html").write_text(as_html(make_payload(url=url, title="Сотрудничество" * 9)), encoding="utf-8")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        colours = {}
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": NARROW, "height": 640}, color_scheme=scheme)
            page.goto(f"file://{tmp_path}/mail.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
            colours[scheme] = page.evaluate("""[document.body, document.querySelector('a'), document.querySelector('.theme')]
                .map(item => getComputedStyle(item).color).concat(getComputedStyle(document.body).backgroundColor)""")
            assert page.locator("img").count() == 0
        browser.close()
    assert all(day != night for day, night in zip(colours["light"], colours["dark"], strict=True))
