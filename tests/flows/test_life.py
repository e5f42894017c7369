"""Children end with their parents, however those end; the dead are told from the living."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from flows.life import is_alive, is_dead, process_mark
from tests.flows.conftest import until

# A parent that starts a child, says its pid, and waits; the child is tied to it in one of the ways.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         start_new_session=sys.argv[2] == "session")
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
TIED = "import time; from flows.life import tie_to_parent; tie_to_parent(); print(flush=True); time.sleep(600)"
LINED = """
import subprocess, sys, time
from flows.life import tie_to_parent
tie_to_parent(watch_stdin=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(flush=True)
time.sleep(600)
"""
# A child that ties itself to its parent only after that has died.
LATE = """
import os, sys, time
if os.fork():
    time.sleep(0.2)
    os._exit(0)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.01)
from flows.life import tie_to_parent
tie_to_parent()
time.sleep(600)
"""


@pytest.fixture
def dead() -> Iterator[int]:
    """The pid of a process that ended and that nobody has waited for."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "it to end")
    yield process.pid
    process.wait()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("code", "session"), [(TIED, "same"), (TIED, "session"), (LINED, "session")])
def test_a_tied_child_dies_with_its_parent(code: str, session: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, code, session], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        family = [child, *child.children(recursive=True)]
        parent.kill()
    until(lambda: not any(map(is_there, family)), "the child and its children to die", seconds=10)


@pytest.mark.timeout(60)
def test_a_child_whose_parent_died_before_it_looked_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", LATE, "0"], start_new_session=True) as parent:
        child = until(lambda: psutil.Process(parent.pid).children(), "the child", seconds=10)[0]
    until(lambda: not is_there(child), "the child to end", seconds=10)


def test_marks_tell_the_dead_from_the_living(dead: int) -> None:
    mark = process_mark()
    host, pid, started = mark.rsplit("/", 2)
    assert (host.partition(":")[0], pid) == (socket.gethostname(), str(os.getpid()))
    assert is_alive(mark)
    assert not is_dead(mark)
    for elsewhere in ("elsewhere", f"{host}0", host.partition(":")[0] + ":an-earlier-start:4026531836"):
        assert not is_dead(f"{elsewhere}/{pid}/1{started}")
        assert not is_alive(f"{elsewhere}/{pid}/{started}")
    assert not is_alive(f"{host}/{dead}/{started}")
    assert is_dead(f"{host}/{pid}/1{started}")  # a later process under the same number
    assert is_dead(f"{host}/{dead}/{started}")
    assert is_dead(f"{host}/4194305/{started}")  # beyond the greatest pid


@pytest.mark.skipif(shutil.which("unshare") is None, reason="Linux namespaces alone")
def test_a_worker_that_counts_its_processes_apart_is_not_taken_for_dead() -> None:
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine makes no namespaces")
    code = "from flows.life import process_mark; print(process_mark(), flush=True); input()"
    with subprocess.Popen(
        [*apart, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        mark = worker.stdout.readline().strip()
        assert not is_dead(mark)
        assert mark.split("/")[-2] != str(worker.pid)
        worker.communicate("\n")


@pytest.mark.parametrize("mark", ["", "nonsense", "a/b"])
def test_what_is_no_mark_is_not_known_to_be_dead(mark: str) -> None:
    assert not is_dead(mark)
    assert not is_alive(mark)


def is_there(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
