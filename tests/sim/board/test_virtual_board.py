# SPDX-License-Identifier: Apache-2.0
"""sim.board.virtual_board: the real top behind a terminal, asked by the real host; and no
puppet.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import serial

from boards.host.link import Link, spec_of
from cli.line import build_plan
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.layer_sums import self_test_latents
from hw.array import ArraySpec
from hw.uart import protocol
from hw.uart.facts import State
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, Request
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, TOP, VirtualBoard, free_link
from sim.runner import Simulation
from sim.verilog import to_verilog
from support.failures import InputError

pytestmark = pytest.mark.sim

ROOT = Path(__file__).parents[3]
CONFORMANCE = ROOT / "tests" / "conformance"
MODEL_PATH = CONFORMANCE / "odd-7-5-3-mixed.safetensors"
ARRAY = ArraySpec(rows=4, columns=4)
SELF_TEST = self_test_latents()


@pytest.fixture(scope="module")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="module")
def model_id(model):
    return bytes.fromhex(model.digest)[:8]


@pytest.fixture(scope="module")
def plan(model):
    return build_plan(model, ARRAY, CLOCK_HZ)


@pytest.fixture(scope="module")
def simulation(plan):
    return virtual_board.build(plan)


@pytest.fixture(scope="module")
def board(simulation):
    with VirtualBoard(simulation) as running:
        yield running


@pytest.fixture
def connection(board):
    with Link(board.path) as open_board:
        yield open_board


def ask(board, *wires, count, baud=protocol.BAUD, silence=2.0, tag=None):
    """Send bytes as they are, and return the frames of the answer; damaged ones are None.

    They end with the one that has `tag`, or are as many as `count`.
    """
    unstuffer, frames = protocol.Unstuffer(), []
    with serial.Serial(board.path, baud, timeout=silence, exclusive=True) as port:
        port.reset_input_buffer()
        for wire in wires:
            port.write(wire)
        while len(frames) < count:
            chunk = port.read(max(1, port.in_waiting))
            if not chunk:
                break
            for body in unstuffer.feed(chunk):
                try:
                    frames.append(Frame.decode(body))
                except protocol.FrameError:
                    frames.append(None)
            if tag is not None and frames and frames[-1] and frames[-1].tag == tag:
                break
    return frames


def request(model_id, latents, tag):
    payload = protocol.generate_payload(model_id, latents)
    return Frame(Request.GENERATE, tag, payload).encode()


def test_pictures_are_the_contracts(connection, model):
    latents = np.load(MODEL_PATH.with_suffix("").with_suffix(".latents.npy"))[:3]
    expected = np.load(MODEL_PATH.with_suffix("").with_suffix(".pictures.npy"))[:3]
    np.testing.assert_array_equal(connection.generate(model, latents), expected)


def test_variables_of_other_programs_do_not_reach_the_board(simulation, monkeypatch, tmp_path):
    monkeypatch.setenv("COCOTB_TEST_FILTER", "nothing")
    monkeypatch.setenv("LIBPYTHON_LOC", "/nowhere")
    monkeypatch.setenv("AVATAR_BOARD_LINK", str(tmp_path / "link"))
    with VirtualBoard(simulation) as running, Link(running.path) as open_board:
        assert open_board.self_test().wrong_layer is None
        assert not list(tmp_path.iterdir())


def test_info_and_self_test(connection, model, model_id):
    assert connection.self_test().wrong_layer is None
    info = connection.info()
    status = info.status
    assert info.model.digest.hex() == model.digest
    assert info.model.model_id == model_id
    assert spec_of(info.model) == model.spec
    assert info.machine.clock_hz == CLOCK_HZ
    assert info.machine.macs_per_cycle == ARRAY.macs_per_cycle
    assert status.state == State.POWER_UP
    assert status.ready
    assert status.core_cycles > model.spec.useful_macs / ARRAY.macs_per_cycle
    assert status.stalled_cycles == 0  # the self-test takes pixels as they come


def test_another_model_is_refused_by_host_and_by_board(connection, board, model_id):
    other = model_file.load(CONFORMANCE / "plain-8-8-8-w8.safetensors")
    other_id = other.digest[:16]
    with pytest.raises(InputError, match=f"holds model {model_id.hex()}, not {other_id}"):
        connection.generate(other, SELF_TEST[None])
    connection.close()
    refusal = ask(board, request(bytes.fromhex(other_id), SELF_TEST, 9), count=1)
    assert refusal == [Frame(ERROR, 9, bytes([Error.MODEL]))]


def test_bad_frames_then_a_good_one(board, model, model_id):
    """Cut, flipped, noisy, doubled: never a wrong picture, and the good frame works at once."""
    good = request(model_id, SELF_TEST, 2)
    flipped = bytearray(good)
    flipped[40] ^= 1
    noise = np.random.default_rng(0).bytes(50).replace(b"\xc0", b"")
    expected = generate(model, SELF_TEST[None]).tobytes()
    picture = Frame(Request.GENERATE | ANSWER, 2, expected)
    broken = Frame(ERROR, NO_TAG, bytes([Error.BROKEN]))
    for bad in (good[:60], bytes(flipped), noise):
        assert ask(board, bad, good, count=2) == [broken, picture]
    assert ask(board, good, good, count=2) == [picture, picture]


def test_requests_back_to_back(board, model, model_id):
    latents = draw_latents(3, 3)
    wire = b"".join(request(model_id, row, tag + 1) for tag, row in enumerate(latents))
    frames = ask(board, wire, count=3)
    expected = generate(model, latents)
    assert [frame.tag for frame in frames] == [1, 2, 3]
    assert [frame.payload for frame in frames] == [picture.tobytes() for picture in expected]


def test_a_cut_frame_is_forgotten_after_the_timeout(board):
    info = Frame(Request.INFO, 3).encode()
    cut = ask(board, info[:6], count=1)  # nothing more comes: the board's time-out answers
    assert cut == [Frame(ERROR, NO_TAG, bytes([Error.BROKEN]))]
    assert [frame.tag for frame in ask(board, info[1:], count=1)] == [3]


@pytest.mark.parametrize("baud", [9600, 57_600, 230_400])
def test_another_speed_is_garbled(board, baud):
    info = Frame(Request.INFO, 3).encode()
    frames = ask(board, info, count=1, baud=baud, silence=0.5)
    assert not any(frame is not None and frame.type == Request.INFO | ANSWER for frame in frames)
    assert ask(board, info, count=2, silence=20.0, tag=3)[-1].tag == 3


def test_change_of_rate_and_a_host_that_goes_away(board, model):
    with Link(board.path) as connection:
        connection.change_baud(230_400)
        pictures = connection.generate(model, SELF_TEST[None])
        np.testing.assert_array_equal(pictures, generate(model, SELF_TEST[None]))
        connection.exchange.serial.close()  # as if it had crashed: the board stays at 230400
    with Link(board.path) as connection:
        assert connection.self_test().wrong_layer is None


def test_a_flipped_weight_word_changes_the_picture(model, plan):
    text = to_verilog(plan.top(), TOP)
    begin = text.index("module \\top.generator.weights_memory")
    word = re.compile(r"memory\[0\] = (\d+)'h([0-9a-f]+);").search(text, begin)
    flipped = int(word[2], 16) ^ ((1 << int(word[1])) - 1)
    text = f"{text[: word.start(2)]}{flipped:x}{text[word.end(2) :]}"
    with VirtualBoard(Simulation(text, TOP)) as board, Link(board.path) as connection:
        assert connection.self_test().wrong_layer == 1
        latents = draw_latents(1, 1)
        made = connection.generate(model, latents)
    assert (made != generate(model, latents)).any()


def test_no_reference_in_the_boards_process(simulation, tmp_path, monkeypatch):
    """What makes the pictures is the hardware: golden's arithmetic is not even loaded."""
    listing = tmp_path / "modules"
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, sys\n"
        "def tell(*_):\n"
        f"    open({str(listing) + '.part'!r}, 'w').write(' '.join(sys.modules))\n"
        f"    import os; os.rename({str(listing) + '.part'!r}, {str(listing)!r})\n"
        "signal.signal(signal.SIGUSR1, tell)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with VirtualBoard(simulation) as board, Link(board.path) as connection:
        assert connection.self_test().wrong_layer is None
        board.process.send_signal(signal.SIGUSR1)
        wait_until(listing.exists)
    loaded = set(listing.read_text().split())
    assert "sim.board.board_process" in loaded
    ours = {name for name in loaded if name.split(".")[0] in {"golden", "train", "torch"}}
    assert ours <= {"golden", "golden.spec", "golden.model_file", "support.files"}


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_sleeps_when_nothing_happens(board):
    def cpu_seconds():
        fields = Path(f"/proc/{board.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    ask(board, Frame(Request.INFO, 1).encode(), count=1)
    time.sleep(0.5)
    before = cpu_seconds()
    time.sleep(2)
    assert cpu_seconds() - before < 0.1


def test_ends_on_sigterm_and_takes_its_link_along(simulation, tmp_path):
    link = tmp_path / "board"
    with VirtualBoard(simulation, link=link) as board:
        assert os.readlink(link) == board.path
        with Link(str(link)) as connection:
            connection.info()
        board.process.terminate()
        assert board.process.wait(10) == 0
        assert not link.is_symlink()


def test_a_link_in_the_way(simulation, tmp_path):
    link = tmp_path / "board"
    with pytest.raises(InputError, match="there is no folder"):
        VirtualBoard(simulation, link=tmp_path / "none" / "board")
    link.symlink_to("/dev/pts/99999")  # left by a board that was killed
    with VirtualBoard(simulation, link=link), pytest.raises(InputError, match="exists already"):
        VirtualBoard(simulation, link=link)
    assert not link.is_symlink()


COMMAND = """
import sys
import hw.array
small = hw.array.ArraySpec(rows=4, columns=4)
hw.array.ArraySpec = lambda **size: small
import cli
sys.exit(cli.main())
"""


def avatar(*arguments, **options):
    """Start the command line, with the small array of this module."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize(
    ("end", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_board_sim_and_generate(simulation, tmp_path, end, status):
    link = tmp_path / "board"
    with avatar("board-sim", "--model", MODEL_PATH, "--link", link) as board:
        path = board.stdout.readline().strip()
        assert os.readlink(link) == path
        children = Path(f"/proc/{board.pid}/task/{board.pid}/children").read_text().split()
        assert len(children) == 1
        images = []
        for source in ([], ["--port", link]):
            out = tmp_path / f"{len(images)}.png"
            options = ("--model", MODEL_PATH, "--seed", 7, "--count", 2, "--out", out)
            with avatar("generate", *options, *source) as client:
                _, errors = client.communicate(timeout=120)
            assert client.returncode == 0, errors
            images.append(out.read_bytes())
        assert images[0] == images[1]
        board.send_signal(end)
        assert board.wait(20) == status
        board.stderr.read()
    wait_until(lambda: not alive(children[0]))
    wait_until(lambda: not link.is_symlink())


def test_generate_with_a_virtual_board_of_its_own(simulation, tmp_path):
    options = ("generate", "--model", MODEL_PATH, "--latents", tmp_path / "z.npy", "--each")
    np.save(tmp_path / "z.npy", draw_latents(5, 2))
    for folder, source in (("a", []), ("b", ["--port", "sim", "--baud", 230_400])):
        with avatar(*options, tmp_path / folder, *source) as process:
            _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    for name in ("000.png", "001.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_board_that_vanishes_in_mid_picture(simulation, tmp_path):
    out = tmp_path / "a.png"
    with VirtualBoard(simulation) as board:
        options = ("--model", MODEL_PATH, "--count", 10_000, "--out", out, "--port", board.path)
        with avatar("generate", *options) as client:
            sent = Path(f"/proc/{board.process.pid}/io")
            wait_until(lambda: int(re.search(r"wchar: (\d+)", sent.read_text())[1]) > 20_000, 60)
            board.process.kill()
            _, errors = client.communicate(timeout=60)
    assert client.returncode == 2
    assert errors.strip().splitlines()[-1].startswith(f"avatar: error: {board.path}: ")
    assert "Traceback" not in errors
    assert not out.exists()


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        (["--port", "/dev/no-such-port"], "/dev/no-such-port: there is no such port"),
        (["--port", "/dev/null"], "/dev/null: is not a serial port"),
        (["--baud", "9600"], "--baud is the rate of a serial line; give --port too"),
        (["--port", "sim", "--trace", "t"], "--trace is of the NumPy reference"),
        (["--port", "sim", "--baud", "7"], "7 baud cannot be made"),
    ],
)
def test_generate_refuses_in_one_line(simulation, tmp_path, extra, complaint):
    out = tmp_path / "a.png"
    with avatar("generate", "--model", MODEL_PATH, "--out", out, *extra) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors.count("\n") == 1
    assert errors.startswith("avatar: error: ")
    assert complaint in errors
    assert list(tmp_path.iterdir()) == []


def test_only_a_boards_name_is_taken_over(tmp_path):
    gone, foreign = tmp_path / "gone", tmp_path / "foreign"
    gone.symlink_to("/dev/pts/99999")
    foreign.symlink_to(tmp_path / "not-mounted")
    assert free_link(gone) == gone
    assert not gone.is_symlink()
    with pytest.raises(InputError, match="foreign: exists already"):
        free_link(foreign)
    assert foreign.is_symlink()
