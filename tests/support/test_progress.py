# SPDX-License-Identifier: Apache-2.0
"""support.progress: a bar on a terminal, a line now and then elsewhere; what a toolchain is at."""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from support import progress
from support.progress import Progress, bar

ROOT = Path(__file__).parents[2]

# Of nextpnr-ecp5's log: in each line's place, what must be said from there on.
NEXTPNR = """\
Info: Logic utilisation before packing:                                     |packing
Info: Packing FFs...                                                        |packing
Info: Creating initial analytic placement for 6608 cells, random placement  |placing
Info:     at initial placer iter 3, wirelen = 1966                          |placing, round 3, wires 1,966
Info:     at iteration #23, type ALL: wirelen solved = 20417, spread = 7385 |placing, round 23, wires 20,417
Info: HeAP Placer Time: 13.42s                                              |placing, round 23, wires 20,417
Info: Running simulated annealing placer for refinement.                    |refining the placement
Info:   at iteration #5: temp = 0.000000, timing cost = 667, wirelen = 6163 |refining the placement, round 5, wires 6,163
Info: SA placement time 16.16s                                              |timing
Info: Slack histogram:                                                      |timing
Info: Routing globals...                                                    |routing global nets
Info: Routing..                                                             |routing
Info: Routing 26809 arcs.                                                   |routing, 26,809 arcs left
Info:      15000 |     2527      12402 |  166   817 |     15129|       0.51 |routing, 15,129 of 26,809 arcs left
Info: Router1 time 15.20s                                                   |timing
Info: Slack histogram:                                                      |writing
Info: [  -836,   -507) |+                                                   |writing
"""  # fmt: skip  # noqa: E501


class Clock:
    """Stands in for the module `time`; time goes only where a test says so."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def lines(capsys):
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "\r" not in printed.err
    return printed.err.splitlines()


def test_what_is_done_soon_says_nothing(clock, capsys):
    for _ in bar(range(1000), desc="draw", unit="sprite"):
        clock.now += 0.0019
    with bar(total=3, desc="widen") as counted:
        counted.update(3)
    assert lines(capsys) == []


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    made = []
    for n in bar(range(1000), desc="draw", unit="sprite"):
        clock.now += 0.125
        made.append(n)
    assert made == list(range(1000))
    assert lines(capsys) == [
        "draw: 240/1,000 sprite, 00:30",
        "draw: 480/1,000 sprite, 01:00",
        "draw: 720/1,000 sprite, 01:30",
        "draw: 960/1,000 sprite, 02:00",
        "draw: 1,000/1,000 sprite, 02:05",
    ]


def test_a_log_gets_what_was_measured(clock, capsys):
    with bar(total=500, initial=100, desc="train", unit="step") as counted:
        counted.set_postfix({"loss": "0.123"})
        clock.now += 3723
        counted.update(50)
        counted.set_postfix_str("")
    assert counted.n == 150
    counted.close()
    assert lines(capsys) == [
        "train: 150/500 step, 1:02:03, loss=0.123",
        "train: 150/500 step, 1:02:03",
    ]


def test_without_a_length(clock, capsys):
    for _ in bar(iter("ab"), unit="gain"):
        clock.now += 2
    assert lines(capsys) == ["2 gain, 00:04"]


def test_where_an_error_ends_it_the_error_is_the_last_line(clock, capsys):
    with pytest.raises(ZeroDivisionError), bar(total=2) as counted:
        counted.update()
        clock.now += 5
        _ = 1 // 0
    with pytest.raises(ZeroDivisionError):
        for _ in bar(range(2)):
            clock.now += 5
            _ = 1 // 0
    assert lines(capsys) == []


def test_disabled(clock, capsys):
    for _ in bar(range(3), disable=True):
        clock.now += 60
    with Progress(disable=True) as tools:
        tools.stage("synthesis")
        clock.now += 60
        tools.line("2.1. Executing OPT pass")
    assert lines(capsys) == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_that_goes_when_all_is_done(monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 1e-9)
    monkeypatch.setattr(sys, "stderr", Terminal())
    for _ in bar(range(30), desc="draw", unit="sprite"):
        time.sleep(0.01)
    drawn = sys.stderr.getvalue()
    assert "draw:" in drawn
    assert "\n" not in drawn
    assert drawn.rsplit("\r", 2)[-2].strip() == ""


def test_a_quick_task_draws_nothing_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    for _ in bar(range(300), desc="draw"):
        pass
    assert sys.stderr.getvalue() == ""


TASK = """
import time
from support import progress
progress.DELAY, progress.EVERY = 0.05, 0.2
for _ in progress.bar(range(100), desc="draw", unit="sprite"):
    time.sleep(0.01)
"""


def test_a_real_pipe():
    run = subprocess.run(
        [sys.executable, "-c", TASK], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert 2 <= len(run.stderr.splitlines()) <= 7
    assert re.fullmatch(r"(draw: \d+/100 sprite, 00:0\d\n)+", run.stderr)


def test_a_real_terminal():
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))  # on a terminal without a width tqdm draws nothing
    process = subprocess.Popen([sys.executable, "-c", TASK], cwd=ROOT, stderr=slave)
    os.close(slave)
    drawn = b""
    with contextlib.suppress(OSError):  # nobody has the other end any more
        while chunk := os.read(master, 4096):
            drawn += chunk
    os.close(master)
    assert process.wait(timeout=60) == 0
    assert drawn.count(b"\rdraw:") > 3
    assert b"sprite/s]" in drawn
    assert b"\n" not in drawn


def test_each_line_of_a_log_says_what_runs():
    tools = Progress(disable=True)
    tools.stage("place and route")
    for row in NEXTPNR.splitlines():
        line, expected = row.rsplit("|", 1)
        tools.line(line.rstrip())
        assert tools._text() == f"place and route: {expected}"


def test_other_tools_and_routers():
    tools = Progress(disable=True)
    tools.stage("synthesis")
    tools.line("27.3.1. Executing OPT_CLEAN pass (remove unused cells and wires).")
    assert tools._text() == "synthesis: step 27.3, opt_clean"
    tools.stage("place and route")
    tools.line("Info: Routing..")
    tools.line("Info:     iter=7 wires=36204 overused=93 overuse=95 tmgfail=0 archfail=NA")
    assert tools._text() == "place and route: routing, round 7, 93 wires used twice"
    tools.stage("load ulx3s-85f")
    tools.line("Loading: [==========================                        ] 52.30%")
    assert tools._text() == "load ulx3s-85f: 52%"


def test_a_log_gets_a_line_at_the_end_of_each_part(clock, capsys):
    with Progress() as tools:
        tools.stage("elaboration")
        clock.now += 1  # too short to be told
        tools.stage("place and route")
        clock.now += 1  # nextpnr reads
        tools.line("Info: Packing IOs..")
        clock.now += 3
        tools.line("Info: Routing globals...")
        tools.line("Info: Routing..")
        tools.line("Info: Routing 500 arcs.")
        for remaining in range(500, 0, -1):
            tools.line(f"Info:  1000 |  1  2 |  3  4 | {remaining}| 0.5  0.5|")
            clock.now += 0.125
        clock.now += 5
        tools.line("")
        tools.stage("bitstream")
        clock.now += 3
    assert lines(capsys) == [
        "place and route: packing: done, 00:04",
        "place and route: routing, 260 of 500 arcs left, 00:30",
        "place and route: routing, 20 of 500 arcs left, 01:00",
        "place and route: routing: done, 01:07",
        "bitstream: done, 00:03",
    ]
