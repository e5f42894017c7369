"""Processes: a child ends when its parent ends, however that ended; a dead worker is told from a living one."""

import ctypes
import os
import signal
import socket
import sys
import threading
from pathlib import Path

PR_SET_PDEATHSIG = 1


def tie_to_parent(*, watch_stdin: bool = False) -> None:
    """Die with the parent: by the kernel on Linux; with `watch_stdin`, by the end of the standard input anywhere.

    At the end of the input the whole process group is killed, with the children of the child.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between the two lines
            os._exit(1)
    if watch_stdin:
        threading.Thread(target=_wait_for_end, name="life-line", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def process_mark(pid: int | None = None) -> str:
    """A name of a process that no later one gets: host, pid and, where the system tells, its start time."""
    number = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}/{number}/{_start_time(number)}"


def is_dead(mark: str) -> bool:
    """Whether the process of a mark has ended; False for other hosts, of which nothing is known."""
    host, number, started = mark.rsplit("/", 2) if mark.count("/") > 1 else ("", "0", "")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _start_time(int(number)) != started


def _start_time(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]  # field 22, proc(5): start time in clock ticks since boot
