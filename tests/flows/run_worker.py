"""A process that runs one cycle over sources on loopback, to be killed: URL of the database, a folder, id=address ..."""

import asyncio
import sys
from ipaddress import ip_network
from pathlib import Path

from flows import noting
from flows.config import parse_alerts, parse_sources
from flows.cycle import run_cycle
from flows.desk import open_desk
from flows.settings import Settings


async def work(db: str, folder: Path, sources: list[tuple[str, str]]) -> None:
    """One cycle, noted as often as a test can wait for."""
    settings = Settings(
        db=db, snapshots=folder / "snapshots", home=folder / "home", cache=folder / "cache",
        allowed_networks=(ip_network("127.0.0.0/8"),), host_spacing=0,
    )  # fmt: skip
    catalogue = "".join(f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{url}"\n' for name, url in sources)
    async with open_desk(settings, parse_sources(catalogue, "s"), parse_alerts("", "a", {})) as desk:
        await run_cycle(desk, "killed")


if __name__ == "__main__":
    noting.PACE = 0.05
    pairs = [tuple(pair.split("=", 1)) for pair in sys.argv[3:]]
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), [(name, url) for name, url in pairs]))
