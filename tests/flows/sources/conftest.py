"""Fixtures: an outlet, settings that let loopback be reached, and a check of one source."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from extractors.types import Source
from flows.settings import Settings
from flows.sources.checks import Check
from flows.sources.tools import open_inspector
from tests.flows.sources.outlets import Checked, Outlet


@pytest.fixture
def outlet(httpserver: HTTPServer) -> Outlet:
    return Outlet(httpserver)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        sources=tmp_path / "sources.toml", allowed_networks=(ip_network("127.0.0.0/8"),), host_spacing=0, timeout=5,
        contact="desk@example.org",
    )  # fmt: skip


@pytest.fixture
def check(settings: Settings) -> Checked:
    """Checks one source."""

    async def checked(url: str, kind: str = "feed", **fields: str) -> Check:
        async with open_inspector(settings) as inspector:
            return await inspector.check(Source("outlet", kind, url, **fields))  # type: ignore[arg-type]

    return checked
