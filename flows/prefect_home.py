"""Prefect's own surroundings, set before it is imported: where its server lives and how it behaves.

Every value was measured; see `deploy/decisions/0002-one-process-tree.md`.
"""

import json
import os
from pathlib import Path

from flows.life import is_alive

STATE = "up.json"
LEASES = "prefect.server.concurrency.lease_storage.filesystem"


def prefect_environment(home: Path, port: int) -> dict[str, str]:
    """The variables for a server at `port` whose files lie under `home`, and for everything that talks to it."""
    folder = home.resolve() / "prefect"
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "1209600",
        # in-memory leases are lost with a killed server, and every later run would then be cancelled
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
        **client_environment(),
    }


def client_environment() -> dict[str, str]:
    """What a process that talks to any server needs: our log lines on the run page, a heartbeat, no proxy to loopback."""
    direct = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost")))
    return {
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "vigie",
        "PREFECT_CLI_COLORS": "false",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def running_server(home: Path) -> str:
    """The API address of the `vigie up` that runs from this home, or ""."""
    try:
        state = json.loads((home / STATE).read_text(encoding="utf-8"))
        return str(state["api"]) if is_alive(state["supervisor"]) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def given_server() -> str:
    """The operator's own PREFECT_API_URL, or ""."""
    return os.environ.get("PREFECT_API_URL", "")
