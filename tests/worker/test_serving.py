"""`mortise serve` as people start it: what it prints, what it survives, how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.worker.conftest import free_port

SERVE = [sys.executable, "-m", "webapp.cli", "serve", "--port"]


def fetch(port, path="/healthz", seconds=20.0):
    """The status of an answer, waiting for the server to come up."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def children(pid):
    """All processes below `pid`."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            for child in path.read_text().split():
                found += [int(child), *children(int(child))]
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=20.0):
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def serve(tmp_path):
    """`serve(port)` starts the product on an empty data folder; ends with everything below it."""
    started = []

    def start(port):
        env = {**os.environ, "MORTISE_DATA_DIR": str(tmp_path / "var"), "MORTISE_LOCALE": "en"}
        process = subprocess.Popen(
            [*SERVE, str(port)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        below = children(process.pid)
        process.kill()
        process.communicate()
        for pid in below:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_first_start_says_where_it_runs_and_ends_cleanly(serve):
    port = free_port()
    process = serve(port)
    assert fetch(port) == 200
    assert wait_for(lambda: len(children(process.pid)) == 4)  # gunicorn and its two, the worker
    below = children(process.pid)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    assert time.monotonic() - begin < 6
    assert f"Mortise runs at http://127.0.0.1:{port}\n" in out
    assert re.search(rf"http://127\.0\.0\.1:{port}/setup/\S{{40,}}", out)
    assert not [pid for pid in below if is_running(pid)]


def test_what_was_ended_starts_again_over_the_same_data(serve):
    port = free_port()
    first = serve(port)
    fetch(port)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    serve(port)
    assert fetch(port) == 200


def test_what_is_killed_comes_back(serve):
    port = free_port()
    process = serve(port)
    fetch(port)
    for victim in children(process.pid):
        if is_running(victim):
            os.kill(victim, signal.SIGKILL)
    assert wait_for(lambda: len(children(process.pid)) == 4)
    assert fetch(port) == 200
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "worker ended (signal 9)" in err and "web ended (signal 9)" in err


def test_nothing_stays_behind_when_the_supervisor_is_killed(serve):
    port = free_port()
    process = serve(port)
    fetch(port)
    below = children(process.pid)
    process.kill()
    assert wait_for(lambda: not [pid for pid in below if is_running(pid)])


def test_a_port_in_use_is_said_in_plain_words(serve):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = serve(other.getsockname()[1])
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Address already in use" in err and "--port" in err
    assert "Traceback" not in err


def test_a_wrong_setting_is_said_in_plain_words(tmp_path):
    env = {**os.environ, "MORTISE_DATA_DIR": str(tmp_path), "MORTISE_QUEUE_URL": "ftp://x", "MORTISE_LOCALE": "en"}
    done = subprocess.run([*SERVE, "0"], env=env, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "MORTISE_QUEUE_URL" in done.stderr and "redis://127.0.0.1:6379/0" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_idle_product_stays_within_its_memory(serve):
    """Proportional memory of all processes; the limit for a firm's smallest machine."""
    port = free_port()
    process = serve(port)
    fetch(port)
    time.sleep(2)
    total = 0
    for pid in [process.pid, *children(process.pid)]:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1))
    assert total / 1024 < 180, f"{total / 1024:.0f} MiB"
