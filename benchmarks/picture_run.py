"""Take deploy/pictures/run.png: the run of `vigie demo` as the Prefect UI shows it, in a real Chromium.

    .venv/bin/python benchmarks/picture_run.py [--out deploy/pictures/run.png]

A server of its own is started for it, and ended.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from flows.prefect_home import prefect_environment
from flows.processes import free_port, own_server

SIZE = {"width": 1280, "height": 1060}
DRAWN = 8_000  # milliseconds that the page's timeline takes to come to rest


def main() -> None:
    """Run the demo on a server, then look at it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("deploy/pictures/run.png"))
    asyncio.run(picture(parser.parse_args().out))


async def picture(out: Path) -> None:
    """The whole of it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = prefect_environment(Path(folder), free_port())
        async with own_server(environment, Path(folder)):
            await asyncio.to_thread(take, run_demo(environment), out)


def run_demo(environment: Mapping[str, str]) -> str:
    """One cycle on that server; the address of its page."""
    api, vigie = environment["PREFECT_API_URL"], [sys.executable, "-m", "flows", "demo"]
    subprocess.run(vigie, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    (run,) = httpx.post(f"{api}/flow_runs/filter", json={}, trust_env=False).raise_for_status().json()
    return f"{api.removesuffix('/api')}/runs/flow-run/{run['id']}"


def take(page: str, out: Path) -> None:
    """The page of a run with its artifacts, by night."""
    with sync_playwright() as browsers:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        window = browser.new_page(viewport=SIZE, color_scheme="dark")
        window.goto(page)
        window.get_by_role("tab", name="Artifacts").or_(window.get_by_text("Artifacts", exact=True)).first.click()
        window.wait_for_timeout(DRAWN)
        window.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main()
