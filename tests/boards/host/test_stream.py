# SPDX-License-Identifier: Apache-2.0
"""`avatar stream` and `augment`, and what they are made of, against a board that is played."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from boards.host import exchange, link, stream
from boards.host.link import Link
from boards.host.stream import Stream
from boards.host.training_set import TrainingSet
from golden.latents import draw_latents, load_latents
from hw.uart.protocol import ANSWER, Frame, Request
from pictures import ContactSheet
from support.failures import InputError
from tests.boards.host.played import FACTS, answer, picture
from train.data.reading import read_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def patience(board, monkeypatch):
    """A little more than other tests have: many pictures, and a host that writes files."""
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.4)
    monkeypatch.setattr(link, "SLOWEST", 1e12)


def expected(seed, count):
    """Return the pictures that the played board makes, (count, 32, 32, 3)."""
    made = [picture(row.tobytes()) for row in draw_latents(seed, count)]
    return np.frombuffer(b"".join(made), np.uint8).reshape(count, 32, 32, 3)


def avatar(*arguments):
    return cli.main([*map(str, arguments)])


def test_stream_writes_files_a_sheet_and_a_report(board, tmp_path, capsys):
    out = tmp_path / "faces"
    command = ("stream", "--port", board.path, "--baud", 115_200, "--count", 70, "--seed", 3)
    command += ("--out", out, "--json")
    assert avatar(*command) == 0
    np.testing.assert_array_equal(read_folder(out), expected(3, 70))
    assert sorted(path.name for path in out.iterdir()) == [f"{n:05}.png" for n in range(70)]
    with Image.open(tmp_path / "faces.png") as newest:  # 64 of them, twice as large
        sheet = np.asarray(newest)
    np.testing.assert_array_equal(sheet[:64:2, :64:2], expected(3, 70)[6])
    np.testing.assert_array_equal(sheet[-64::2, -64::2], expected(3, 70)[69])

    output, said = capsys.readouterr()
    assert "latents came from N(0, I)" in said
    report = json.loads(output)
    assert (report["pictures"], report["baud"], report["repeats"]) == (70, 115_200, 0)
    drawn = [r for r in board.requests if r.type == Request.GENERATE]
    answers = [answer(request).encode() for request in drawn]
    info = answer(board.requests[0]).encode()
    assert report["bytes"] == pytest.approx(sum(map(len, answers)) + len(info), abs=2)
    assert report["rate"] == pytest.approx(70 / report["seconds"], rel=1e-2)
    assert report["share"] == pytest.approx(
        report["bytes"] * 10 / 115_200 / report["seconds"], rel=1e-2
    )
    assert avatar(*command) == 2
    assert f"{out}: holds pictures already" in capsys.readouterr().err


def test_raw_bytes_to_standard_output_and_nothing_else(board, capsysbinary):
    assert avatar("stream", "--port", board.path, "--count", 5, "--out", "-") == 0
    out, err = capsysbinary.readouterr()
    assert out == expected(0, 5).tobytes()
    assert b"5 avatars in" in err


def test_a_reader_that_has_enough(board):
    command = [sys.executable, "-m", "cli", "stream", "--port", board.path, "--count", "500"]
    with subprocess.Popen(
        [*command, "--out", "-"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.read(3072) == expected(0, 1).tobytes()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_three_requests_are_under_way(board):
    held = []

    def respond(request, n):
        if request.type != Request.GENERATE:
            return answer(request).encode()
        held.append(answer(request).encode())
        return b"".join(held) if len(held) == exchange.WINDOW else b""

    board.respond = respond
    taken = []
    with Link(board.path) as connection:
        Stream(connection, lambda index, made: taken.append(made)).run(draw_latents(0, 3))
    assert exchange.WINDOW == 3
    np.testing.assert_array_equal(taken, expected(0, 3))


def test_a_slow_disk_does_not_hold_up_the_line(board):
    """Sixty answers are in before the third picture is written."""
    written, came = threading.Event(), []

    def respond(request, n):
        came.append(request)
        if len(came) > 60:
            written.set()
        return answer(request).encode()

    def take(index, made):
        if index == 2:
            assert written.wait(20)

    board.respond = respond
    with Link(board.path) as connection:
        stream = Stream(connection, take)
        stream.run(draw_latents(0, 70))
    assert stream.taken == 70


def test_the_share_is_that_of_the_lines_own_clock(board):
    pace = 1000
    with Link(board.path, clock=lambda: pace * time.monotonic()) as connection:
        stream = Stream(connection, lambda index, made: None)
        begin = time.monotonic()
        stream.run(draw_latents(0, 4))
        elapsed = time.monotonic() - begin
    report = stream.report()
    # of a busy machine's time the line may have had a small part only, but not of this clock's
    assert 10 * elapsed < report["seconds"] <= pace * elapsed
    assert report["rate"] == pytest.approx(4 / report["seconds"], rel=1e-2)
    share = report["bytes"] * 10 / 115_200 / report["seconds"]
    assert report["share"] == pytest.approx(share, rel=1e-3)  # both are rounded


def test_patience_is_on_the_lines_clock(board, monkeypatch):
    """A simulator that needs minutes on the wall for a second on the line is waited for."""
    monkeypatch.setattr(exchange, "PATIENCE", 0.0)
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.4)
    late = threading.Event()

    def respond(request, n):
        if request.type != Request.GENERATE or late.is_set():
            return answer(request).encode()
        late.set()
        wire = answer(request).encode()
        for begin in range(0, len(wire), 400):
            os.write(board.master, wire[begin : begin + 400])
            time.sleep(0.15)
        return b""

    board.respond = respond
    begin = time.monotonic()
    with Link(board.path, clock=lambda: begin) as connection:
        made = list(connection.stream(draw_latents(0, 2)))
    np.testing.assert_array_equal(made, expected(0, 2))
    assert connection.exchange.repeats == 0


def after(count, what):
    """Respond well to `count` requests for pictures, then with `what(request)`."""
    asked = []

    def respond(request, n):
        if request.type != Request.GENERATE:
            return answer(request).encode()
        asked.append(request)
        return (what(request) if len(asked) > count else answer(request)).encode()

    return respond


class Wire(bytes):
    """Bytes in place of a frame."""

    def encode(self):
        return bytes(self)


def flipped(request):
    wire = bytearray(answer(request).encode())
    wire[40] ^= 1
    return Wire(wire)


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        (lambda request: Wire(), "no answer in 5 tries"),
        (flipped, "an answer: frame is damaged"),
        (
            lambda request: Frame(request.type | ANSWER, request.tag ^ 0x8000, bytes(3072)),
            "no answer",
        ),
    ],
    ids=["silence", "damage", "another's answers"],
)
def test_what_came_is_kept(board, tmp_path, capsys, what, complaint):
    board.respond = after(12, what)
    out = tmp_path / "faces"
    assert avatar("stream", "--port", board.path, "--count", 40, "--out", out) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert complaint in error
    assert "; 12 of 40 pictures came" in error
    np.testing.assert_array_equal(read_folder(out), expected(0, 12))
    assert (tmp_path / "faces.png").exists()


def test_a_port_that_vanishes_in_mid_picture(board, tmp_path, capsys):
    def cut(request):
        if vanishing.ident is not None:  # more requests lay in the same read
            return Wire()
        vanishing.start()
        return Wire(answer(request).encode()[:700])

    vanishing = threading.Thread(target=board.vanish)
    board.respond = after(8, cut)
    out = tmp_path / "faces"
    assert avatar("stream", "--port", board.path, "--count", 40, "--out", out) == 2
    vanishing.join()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the port is gone" in error
    came = read_folder(out)
    assert f"; {len(came)} of 40 pictures came" in error
    np.testing.assert_array_equal(came, expected(0, 8)[: len(came)])


def test_a_disk_that_fails_ends_it_with_the_pictures_before_kept(board):
    taken = []

    def take(index, made):
        if index == 7:
            raise InputError("no room on the disk")
        taken.append(index)

    with Link(board.path) as connection:
        stream = Stream(connection, take)
        with pytest.raises(InputError, match="no room on the disk; 7 of 50 pictures came"):
            stream.run(draw_latents(0, 50))
    assert taken == list(range(7))


def test_ctrl_c_leaves_whole_files_and_their_index(board, tmp_path):
    def respond(request, n):
        time.sleep(0.02)
        return answer(request).encode()

    board.respond = respond
    out = tmp_path / "set"
    command = [sys.executable, "-m", "cli", "collect", "--port", board.path, "--count", "9000"]
    with subprocess.Popen(
        [*command, "--out", out], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        end = time.monotonic() + 30
        while not (out / "00009.png").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1] == "avatar: interrupted"
    came = read_folder(out)
    np.testing.assert_array_equal(came, expected(0, 9000)[: len(came)])
    assert len(load_latents(out / "latents.npy")) == len(came)
    assert len((out / "pictures.csv").read_text().splitlines()) == len(came) + 1
    others = {path.name for path in out.iterdir()} - {f"{n:05}.png" for n in range(len(came))}
    assert others == {"latents.npy", "pictures.csv"}


@pytest.mark.parametrize("name", ["latents.npy", "pictures.csv"])
def test_augment_leaves_another_index_alone(board, tmp_path, capsys, name):
    (tmp_path / name).write_text("mine")
    assert avatar("collect", "--port", board.path, "--count", 6, "--out", tmp_path) == 2
    assert f"holds {name} already" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_augment_says_what_made_each_picture(board, tmp_path):
    out = tmp_path / "set"
    assert avatar("collect", "--port", board.path, "--count", 6, "--seed", 9, "--out", out) == 0
    pictures = read_folder(out)  # as `avatar train --data` does
    np.testing.assert_array_equal(pictures, expected(9, 6))
    np.testing.assert_array_equal(load_latents(out / "latents.npy"), draw_latents(9, 6))
    rows = list(csv.DictReader(io.StringIO((out / "pictures.csv").read_text())))
    assert rows[4] == {
        "file": "00004.png",
        "row": "4",
        "seed": "9",
        "model": FACTS.model_id.hex(),
        "crc32": f"{zlib.crc32(pictures[4].tobytes()):08x}",
    }
    assert len(rows) == 6


def test_what_differs_from_the_reference_is_listed(board, monkeypatch):
    latents, wrong = draw_latents(0, 3), []

    def reference(model, rows):
        made = np.frombuffer(picture(rows.tobytes()), np.uint8).reshape(1, 32, 32, 3).copy()
        made[0, 31, 31, 2] ^= (rows == latents[wrong]).all(axis=1).any()
        return made

    monkeypatch.setattr(stream, "generate", reference)
    with Link(board.path) as connection:
        facts = stream.deliver(connection, latents, [], check=True)
        assert facts["differ"] == []
        assert stream.as_text(facts).endswith("\nequal to the reference, all of them")
        wrong.append(1)
        facts = stream.deliver(connection, latents, [], check=True)
    assert facts["differ"] == [1]
    assert stream.as_text(facts).endswith("\nNOT EQUAL: [1]")


def test_no_index_of_nothing(tmp_path):
    TrainingSet(tmp_path, draw_latents(0, 3), 0, bytes(8)).save()
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_is_written_now_and_then(tmp_path, monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr("pictures.time.monotonic", lambda: next(seconds) / 4)
    sheet = ContactSheet(tmp_path / "sheet.png", size=4, every=1.0, scale=1)
    sizes = []
    for made in expected(0, 5):
        sheet.add(made)
        sizes.append(sheet.path.stat().st_size if sheet.path.exists() else 0)
    assert sizes[0] == 0
    assert len(set(sizes)) > 1
    sheet.save()
    with Image.open(sheet.path) as newest:
        np.testing.assert_array_equal(np.asarray(newest)[:32, :32], expected(0, 5)[1])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--count", "0"], "--count is 0; give 1 to"),
        (["--count", "1", "--seed", "-1"], "--seed is -1"),
        (["--count", "1", "--check"], "--check needs the reference; give --model"),
        (["--count", "1", "--model", "missing.safetensors"], "missing.safetensors"),
        (["--count", "1", "--sheet", "a.jpg"], "a.jpg: pictures are PNG files"),
        (["--count", "1", "--out", f"{__file__}/none/faces"], "test_stream.py is a file"),
        (["--count", "1", "--out", ""], "the name of a folder is empty"),
        (["--count", "1"], "/dev/no-such-port: there is no such port"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    assert avatar("stream", "--port", "/dev/no-such-port", *arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert complaint in error
    assert list(tmp_path.iterdir()) == []
