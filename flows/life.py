"""Processes: a child ends when its parent ends, however that ended; a dead worker is told from a living one."""

import ctypes
import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOOK = 1.0  # seconds between two looks at the parent, where the kernel does not tell of its death
GONE = "ZX"  # states of a process that has ended and was not yet waited for, proc(5)


def tie_to_parent(*, watch_stdin: bool = False) -> None:
    """Die with the parent: by the kernel on Linux, by looking elsewhere; with `watch_stdin`, by the end of the input.

    At the end of the input the whole process group is killed, with the children of the child. The kernel would be too
    quick for that: it kills the child alone, before this can kill the rest.
    """
    parent = os.getppid()
    if watch_stdin:
        threading.Thread(target=_wait_for_end, name="life-line", daemon=True).start()
    elif sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), name="parent", daemon=True).start()
    if os.getppid() != parent or _is_orphan(parent):
        os._exit(1)


def _is_orphan(parent: int) -> bool:
    """Whether the parent died before we looked: who leads no session was born into that of its parent."""
    try:
        return os.getsid(0) != os.getpid() and os.getsid(parent) != os.getsid(0)
    except ProcessLookupError:
        return True
    except PermissionError:  # macOS tells nothing of foreign sessions: it is one
        return True


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def process_mark(pid: int | None = None) -> str:
    """A name of a process that no later one gets: its place, pid and start time."""
    number = os.getpid() if pid is None else pid
    return f"{_place()}/{number}/{_start_time(number)}"


def is_dead(mark: str) -> bool:
    """Whether the process of a mark has ended; False for other places, of which nothing is known."""
    return _is_seen(mark) and not _runs(mark)


def is_alive(mark: str) -> bool:
    """Whether the process of a mark runs; False for other places, of which nothing is known."""
    return _is_seen(mark) and _runs(mark)


@functools.cache
def _place() -> str:
    """Where a pid means the same process: a host, on Linux since it was started, and there a namespace.

    Containers may share the name of their host, and each counts its processes from 1.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()}:{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # not Linux
        return socket.gethostname()


def _is_seen(mark: str) -> bool:
    return mark.count("/") > 1 and mark.rsplit("/", 2)[0] == _place()


def _runs(mark: str) -> bool:
    number, started = mark.rsplit("/", 2)[1:]
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _start_time(int(number)) == started


def _start_time(pid: int) -> str:
    """When a process began; "" for one that has ended, also if nobody has waited for it."""
    if sys.platform != "linux":
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        return asked.stdout.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in GONE else fields[19]  # field 22, proc(5): start time in clock ticks since boot
