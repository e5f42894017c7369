"""A watch over a few feeds on loopback, opened in the test's own process: pages, feeds, one cycle, the alerts that came."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
from pytest_httpserver import HTTPServer

from flows.cycle import run_cycle
from flows.report import RunReport

Opener = Callable[..., Any]
NOW = datetime.now(UTC).replace(microsecond=0)
DRILL = (
    "Kyrgyzstan has called off the exercise of the Collective Security Treaty Organization that 1,400 soldiers were to begin on its "
    "soil on Monday, the Defence Ministry said. It told the Moscow-led alliance that no drill would be held in the country this year "
    "and gave no reason for the decision, which took the staff of the alliance by surprise."
)
MORE = (
    "The two sides had agreed on the drill in the spring, and trucks of the 201st base were already on the road when the letter "
    "came. Officers in Bishkek who asked not to be named said that the barracks had been swept and the field kitchens delivered."
)
ACCORD = (
    "Armenia and the European Union signed an agreement on a partnership in Yerevan on Sunday, the Foreign Ministry said, and "
    "the European Commission promised 40 million euros for the border service of the country. It is the second such accord."
)


def article_page(title: str, text: str, *, published: datetime = NOW, url: str = "") -> str:
    canonical = f'<link rel="canonical" href="{url}">' if url else ""
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title>{canonical}"
        f'<meta property="article:published_time" content="{published.isoformat()}"></head>'
        f"<body><nav><a href='/'>Home</a></nav><article><h1>{title}</h1><p>{text}</p></article></body></html>"
    )


def rss(*items: tuple[str, str, datetime | None]) -> str:
    listed = "".join(
        f"<item><title>{title}</title><link>{link}</link>"
        + (f"<pubDate>{format_datetime(published)}</pubDate>" if published else "")
        + "</item>"
        for link, title, published in items
    )
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>{listed}</channel></rss>'


def alerts_in(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "alerts.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


async def watch_once(open_watch: Opener, sources: dict[str, str], **changes: Any) -> RunReport:
    async with open_watch(sources, **changes) as desk:
        return await run_cycle(desk, f"run-{time.monotonic_ns()}")


def report_drill(newsroom: HTTPServer) -> dict[str, str]:
    """A feed of one fresh report that makes one signal and one alert; the sources to watch."""
    page = newsroom.url_for("/drill")
    newsroom.expect_request("/feed").respond_with_data(rss((page, "Bishkek calls off drill", NOW)), content_type="text/xml")
    newsroom.expect_request("/drill").respond_with_data(
        article_page("Bishkek calls off drill", DRILL), content_type="text/html"
    )
    return {"post": newsroom.url_for("/feed")}


def cache_of(tmp_path: Path, encoder_cache: Path) -> Path:
    """The built encoder, and a memory of the web of the test's own: the next test's server has the same port."""
    own = tmp_path / "cache"
    own.mkdir(exist_ok=True)
    for built in encoder_cache.iterdir():
        if not built.name.startswith("web.db") and not (own / built.name).exists():
            (own / built.name).symlink_to(built)
    return own


class Faulty(httpx.AsyncBaseTransport):
    """A library with a fault: the answers of `paper.example` trip it."""

    def __init__(self, sound: httpx.AsyncBaseTransport) -> None:
        self._sound = sound

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "paper.example":
            raise RuntimeError("generator raised StopIteration")
        return await self._sound.handle_async_request(request)

    async def aclose(self) -> None:
        await self._sound.aclose()
