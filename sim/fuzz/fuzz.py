# SPDX-License-Identifier: Apache-2.0
"""Damage requests at the pins of a whole simulated board, and see that it never lies nor hangs.

``python -m sim.fuzz.fuzz --frames 100000 --seed 1``; exit status 1 names the case that failed.
"""

import argparse
import sys
import time
from collections import Counter
from functools import partial

import numpy as np

from hw.uart import protocol
from hw.uart.protocol import ERROR, NO_TAG, Error, Frame, FrameError, Request
from sim.fuzz import damage
from sim.fuzz.fuzz_board import CLOCKS, FuzzBoard, proven
from sim.fuzz.pins import RST, RX, Pins, idle, wave
from sim.runner import NotSimulated
from support.failures import CheckFailed, InputError
from support.progress import bar
from support.termination import run

BYTE = CLOCKS * protocol.BYTE_BITS
OFFSET = 0.02  # of the host's clock, at most
GAP = 1.1  # byte-times of silence after damage to the line itself: a byte falsely begun ends
PICTURES = 0.012  # share of pictures among the good requests
DAMAGED_PICTURES = 0.15  # the same among those that are to be damaged
LIMIT = 3_000_000  # clocks in which a board must be at rest, whatever it was asked
RATES = (4, 5, 6, 7, 16)  # clocks a bit that a host may ask for
LOST = {Error.BROKEN, Error.BUSY}


class Failure(CheckFailed):
    """The board lied, or hangs."""


def expect(condition, words):
    """Raise :class:`Failure` where the condition does not hold."""
    if not condition:
        raise Failure(words)


class Fuzz:
    """Play cases on the pins of a board and judge what comes back.

    A case is something damaged or unusual, and a good request behind it. After damage to bytes the
    good request follows at once, after damage to the line or a reset :data:`GAP` byte-times later;
    it must be answered, and with the truth.

    Parameters
    ----------
    board : sim.fuzz.fuzz_board.FuzzBoard
        Knows what must come back.
    pins : sim.fuzz.pins.Pins
    seed : int

    Attributes
    ----------
    frames, pictures : int
        Requests sent, damaged ones among them; pictures that came back and were right.
    kinds : Counter
        Cases by kind.
    """

    def __init__(self, board, pins, seed):
        self.board, self.pins, self.seed = board, pins, seed
        self.frames = self.pictures = 0
        self.kinds = Counter()
        self._cases = {each.__name__: partial(self._bytes, each) for each in damage.BYTE_DAMAGE}
        self._cases |= {each.__name__: partial(self._line, each) for each in damage.LINE_DAMAGE}
        weights = dict.fromkeys(self._cases, 1.0)
        talk = {"silence": self._silence, "rate": self._rate, "fallback": self._fallback}
        self._cases |= talk
        weights |= {"silence": 0.05, "rate": 0.1, "fallback": 0.02}
        self._names = list(weights)
        self._shares = np.array(list(weights.values())) / sum(weights.values())
        reset = np.full(16, RX | RST, np.uint8)
        pins.play(np.concatenate([reset, idle(2 * BYTE)]), divisor=CLOCKS, limit=LIMIT)

    def run(self, frames, *, progress=lambda count: None):
        """Play cases until so many requests were sent.

        Raises
        ------
        Failure
            The message names seed, case and kind.
        sim.runner.NotSimulated
            The simulation ended; the message names the same.
        """
        case = 0
        while self.frames < frames:
            rng = np.random.default_rng([self.seed, case])
            kind = self._names[rng.choice(len(self._names), p=self._shares)]
            before = self.frames
            try:
                self.play(kind, rng)
            except (Failure, NotSimulated) as error:
                raise type(error)(f"seed {self.seed}, case {case}, {kind}: {error}") from error
            self.kinds[kind] += 1
            progress(self.frames - before)
            case += 1

    def play(self, kind, rng):
        """Play a case of a kind.

        Raises
        ------
        Failure, sim.runner.NotSimulated
        """
        self._cases[kind](rng)

    def _bytes(self, harm, rng):
        clocks = CLOCKS * (1 + rng.uniform(-OFFSET, OFFSET))
        chunk = harm(rng, self._request(rng, DAMAGED_PICTURES))
        self._judge(chunk + self._request(rng, PICTURES).encode(), clocks)

    def _judge(self, chunk, clocks):
        """Send bytes, and compare what comes back with what their frames ask for."""
        requests, dropped = proven(chunk)
        self.frames += max(2, len(requests))
        answers = self._play(wave(chunk, clocks))
        lost = [frame for frame in answers if _lost(frame)]
        answers = [frame for frame in answers if not _lost(frame)]
        busy = any(frame.payload[0] == Error.BUSY for frame in lost)
        expect(busy or len(lost) <= dropped, "more error frames than damaged ones")
        expect(bool(lost) == bool(dropped) or busy, "a damaged frame without a word")
        for version, request in requests:
            if answers and self.board.answers(version, request, answers[0]):
                self.pictures += request.type == Request.GENERATE
                answers.pop(0)
            else:
                expect(busy, f"no answer, or a wrong one, to {request}")
        expect(not answers, f"an answer that nobody asked for: {answers[:1]}")

    def _line(self, harm, rng):
        clocks = CLOCKS * (1 + rng.uniform(-OFFSET, OFFSET))
        harmed, good = self._request(rng, DAMAGED_PICTURES), self._request(rng, PICTURES)
        if harm is damage.reset:  # what was carried out before it, the board has to say
            good = Frame(Request.INFO, self._tag(rng))
        self.frames += 2
        levels = harm(rng, wave(harmed.encode(), clocks))
        levels = [levels, idle(GAP * BYTE), wave(good.encode(), clocks)]
        frames = self._play(np.concatenate(levels), garbled=harm is damage.reset)
        expect(frames, "no answer")
        *before, last = frames
        if harm is damage.reset:
            expect(self.board.reset(harmed, good, last), f"{last} behind a reset")
            return
        for frame in before:
            if not _lost(frame):
                self._expect_answer(harmed, frame)
        self._expect_answer(good, last)

    def _silence(self, rng):
        """A frame that never ends is given up, and its rest is not taken for another one."""
        wire = self._request(rng, 0.5).encode()
        at = int(rng.integers(2, len(wire) - 1))
        expect(_lost(self._one(wave(wire[:at], CLOCKS))), "half a frame was answered")
        self._judge(wire[at:] + self._request(rng, PICTURES).encode(), CLOCKS)

    def _rate(self, rng):
        """A host changes the rate, asks, and changes it back."""
        clocks = int(rng.choice(RATES))
        self._change(rng, clocks, CLOCKS)
        self._good(rng, clocks)
        self._change(rng, CLOCKS, clocks, settles=True)
        self._good(rng)

    def _fallback(self, rng):
        """A host changes the rate and goes; the next one knows nothing of it."""
        self._change(rng, int(rng.choice(RATES)), CLOCKS)
        expect(not self._play(idle(1)), "an answer that nobody asked for")
        self._good(rng)

    def _change(self, rng, clocks, now, *, settles=False):
        request = Frame(Request.BAUD, self._tag(rng), protocol.DIVISOR.pack(clocks))
        levels = np.concatenate([wave(request.encode(), now), idle(25 * BYTE)])
        received, _ = self.pins.play(levels, divisor=now, limit=LIMIT if settles else 0)
        self.frames += 1
        frames = _frames(received)
        expect(len(frames) == 1, "no answer to a change of rate")
        self._expect_answer(request, frames[0])

    def _good(self, rng, clocks=CLOCKS):
        request = self._request(rng, PICTURES, clocks)
        self.frames += 1
        offset = 1 + rng.uniform(-OFFSET, OFFSET)
        answer = self._one(wave(request.encode(), clocks * offset), divisor=clocks)
        self._expect_answer(request, answer)

    def _tag(self, rng):
        return int(rng.integers(1, 1 << 16))

    def _request(self, rng, pictures, clocks=CLOCKS):
        picture = rng.random() < pictures
        return self.board.request(rng, self._tag(rng), picture=picture, clocks=clocks)

    def _expect_answer(self, request, frame):
        right = self.board.answers(protocol.VERSION, request, frame)
        expect(right, f"{frame.type:#x} is not the answer to {request}")
        self.pictures += request.type == Request.GENERATE

    def _one(self, levels, *, divisor=CLOCKS):
        frames = self._play(levels, divisor=divisor)
        expect(len(frames) == 1, f"{len(frames)} frames in place of one answer")
        return frames[0]

    def _play(self, levels, *, divisor=CLOCKS, garbled=False):
        """Return the frames that come back; `garbled` ones may be among them."""
        received, active = self.pins.play(levels, divisor=divisor, limit=LIMIT)
        expect(not active, f"not at rest after {LIMIT} clocks")
        return _frames(received, garbled=garbled)


def _lost(frame):
    """Whether it is an error frame about frames that could not be read."""
    return frame.type == ERROR and frame.tag == NO_TAG and frame.payload[0] in LOST


def _frames(received, *, garbled=False):
    """Return the frames in what a board sent."""
    expect(garbled or received["stop"].all(), "a byte without a stop bit")
    frames = []
    for body in protocol.Unstuffer().feed(received["value"].tobytes()):
        try:
            frames.append(Frame.decode(body))
        except FrameError as error:
            expect(garbled, f"the board's own frame: {error}")
    return frames


def main():
    """Fuzz, and print one line: what was sent, and that nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    args = parser.parse_args()
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or a positive number")
    begin = time.monotonic()
    frames = bar(total=args.frames, desc="fuzz", unit="frame", leave=True)
    board = FuzzBoard()
    with Pins(board.verilog()) as pins, frames:
        fuzz = Fuzz(board, pins, args.seed)
        fuzz.run(args.frames, progress=frames.update)
    seconds = time.monotonic() - begin
    print(", ".join(f"{count} {kind}" for kind, count in sorted(fuzz.kinds.items())))
    print(
        f"{fuzz.frames} frames, {fuzz.pictures} pictures of {board.loads + 1} models: none "
        f"corrupted, no hang, every next good "
        f"frame served, at once or {GAP} byte-times after the line was disturbed; "
        f"{pins.clocks / 1e6:.0f} million clocks in {seconds:.0f} s, seed {args.seed}"
    )


if __name__ == "__main__":
    sys.exit(run("fuzz", main))
