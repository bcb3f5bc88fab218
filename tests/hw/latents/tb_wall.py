# SPDX-License-Identifier: Apache-2.0
"""A wall behind the pins of a top: what it shows, and what goes on beside it."""

import zlib
from dataclasses import replace

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Event, FallingEdge, First, RisingEdge, Timer

from golden.on_chip_latents import MAX_SEED, draw_on_chip
from hw.display.text import NAME, TEXT
from hw.uart import protocol
from hw.uart.facts import Info, State
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request, WallError
from sim.benches.bench import PERIOD, generator
from tests.hw.uart.stand_in import CAPACITY_ID, StandInModel

NORMAL = StandInModel(latents="normal")
CHOICES = StandInModel(latent=10, pixels=16, latents="categorical")
GREY = replace(NORMAL, grey=True)
BIT = 4 * PERIOD  # ns
SILENCE = 100_000 * PERIOD  # after which an answer does not come
PATIENCE = 60_000  # clocks of a picture
PICTURE = Frame(Request.GENERATE, 9, protocol.generate_payload(NORMAL.digest[:8], NORMAL.self_test))
ASK = Frame(Request.WALL, 3).encode()
BOTH = {"timeout_time": 40, "timeout_unit": "ms"}


def order(seed, mode, tag=2, name=b""):
    return Frame(Request.WALL, tag, protocol.WALL.pack(seed, mode) + name).encode()


def state(frame):
    """Return seed, mode and pictures that an answer tells."""
    assert frame.type == Request.WALL | ANSWER, frame
    return protocol.WALL_ANSWER.unpack(frame.payload)


def shown(model, seed, count, walk=0):
    """Return the first pictures of a wall."""
    latents = draw_on_chip(seed, count, model.latents, model.latent, 1 << walk)
    return [model.picture(latent.tolist()) for latent in latents]


class Board:
    """A top at its pins: a host on its line, and a screen that takes pixels with pauses.

    Attributes
    ----------
    model : StandInModel
        Whose pictures come.
    screens : list of (int, list of bytes)
        Size and pictures behind each `restart`.
    """

    def __init__(self, dut, model):
        self.dut, self.model = dut, model
        self.screens = []
        self._frames, self._came = [], Event()
        self._rng = generator()

    @classmethod
    async def started(cls, dut, model=None):
        """Reset; put a model there, if any."""
        board = cls(dut, model)
        Clock(dut.clk, PERIOD, unit="ns").start()
        dut.rx.value = 1
        dut.wall_start.value = dut.wall_button.value = dut.wall_pixels__ready.value = 0
        dut.wall_fits.value = dut.wall_roomy.value = 1
        dut.rst.value = 1
        await ClockCycles(dut.clk, 4)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        cocotb.start_soon(board._receive())
        cocotb.start_soon(board._watch())
        await Timer(40 * BIT, unit="ns")
        head = protocol.LOAD_BEGIN.pack(CAPACITY_ID, 1, 0, bytes(8))
        await board.ask(Frame(Request.LOAD_BEGIN, 4, head).encode())  # what was there is gone
        if model:
            assert passes(await board.upload(model))
        return board

    async def send(self, chunk):
        for byte in chunk:
            for n in range(10):
                self.dut.rx.value = (byte << 1 | 0x200) >> n & 1
                await Timer(BIT, unit="ns")

    async def receive(self):
        """Return the next frame."""
        while not self._frames:
            self._came.clear()
            fired = await First(self._came.wait(), silence := Timer(SILENCE, unit="ns"))
            assert fired is not silence, "no answer"
        return self._frames.pop(0)

    async def ask(self, wire):
        await self.send(wire)
        return await self.receive()

    async def told(self):
        """Return seed and mode of the wall."""
        return state(await self.ask(ASK))[:2]

    async def upload(self, model, data=None):
        """Send a model, or other bytes in its place; return the answer to load-end."""
        data = data or model.image
        head = protocol.LOAD_BEGIN.pack(CAPACITY_ID, len(data), zlib.crc32(data), model.digest[:8])
        await self.ask(Frame(Request.LOAD_BEGIN, 4, head).encode())
        for at in range(0, len(data), protocol.MAX_DATA):
            payload = protocol.OFFSET.pack(at) + data[at : at + protocol.MAX_DATA]
            answer = await self.ask(Frame(Request.LOAD_DATA, 4, payload).encode())
            assert answer.type == Request.LOAD_DATA | ANSWER
        return await self.ask(Frame(Request.LOAD_END, 4).encode())

    async def fill(self, count, screen=None):
        """Wait until the newest screen, or the `screen`-th, has `count` pictures."""
        for _ in range(PATIENCE // 20):
            if len(self.screens) >= (screen or 1) and len(self.screens[-1][1]) >= count:
                return
            await ClockCycles(self.dut.clk, 20)
        raise AssertionError(f"{count} on {screen}, {[len(p) for _, p in self.screens]}")

    async def pulse(self, pin):
        await FallingEdge(self.dut.clk)
        pin.value = 1
        await FallingEdge(self.dut.clk)
        pin.value = 0

    async def is_at_rest(self):
        await ClockCycles(self.dut.clk, 2000)
        return not self.dut.active.value

    async def _receive(self):
        unstuffer = protocol.Unstuffer()
        while True:
            if self.dut.tx.value:
                await FallingEdge(self.dut.tx)
            await Timer(BIT // 2, unit="ns")
            byte = 0
            for n in range(8):
                await Timer(BIT, unit="ns")
                byte |= int(self.dut.tx.value) << n
            await Timer(BIT, unit="ns")
            assert self.dut.tx.value, "stop bit"
            self._frames += [Frame.decode(body) for body in unstuffer.feed([byte])]
            self._came.set()

    async def _watch(self):
        dut, pixels = self.dut, bytearray()
        valid, restart = dut.wall_pixels__valid, dut.wall_restart
        while True:
            if not valid.value and not restart.value:
                await First(RisingEdge(valid), RisingEdge(restart))
            await FallingEdge(dut.clk)
            ready = self._rng.random() < 0.7
            dut.wall_pixels__ready.value = int(ready)
            await RisingEdge(dut.clk)
            size = int(dut.wall_size.value)
            if restart.value:
                assert not pixels, "a picture was cut"
                self.screens.append((size, []))
            if ready and valid.value:
                assert size**2 == self.model.pixels
                assert int(dut.wall_grey.value) == self.model.grey
                pixel = int(dut.wall_pixels__payload.value).to_bytes(3, "little")
                pixels += pixel[:1] if self.model.grey else pixel
                if len(pixels) == self.model.pixels * (1 if self.model.grey else 3):
                    self.screens[-1][1].append(bytes(pixels))
                    pixels.clear()


def passes(answer):
    """Return whether a self-test's sums are the stored ones."""
    stored, computed = protocol.SELF_TEST_ANSWER.unpack(answer.payload)
    return stored == computed


@cocotb.test(**BOTH)
@cocotb.parametrize(what=["normal", "categorical", "grey"], mode=[1, 3])
async def shows_the_pictures_of_its_seed(dut, what, mode):
    model = {"normal": NORMAL, "categorical": CHOICES, "grey": GREY}[what]
    board = await Board.started(dut, model)
    assert state(await board.ask(order(7, mode))) == (7, mode, 0)
    await board.fill(19)
    seed, said, pictures = state(await board.ask(ASK))
    assert (seed, said) == (7, mode)
    assert 19 <= pictures <= len(board.screens[-1][1]) + 8
    assert dut.active.value
    ((size, pictures),) = board.screens
    assert size**2 == model.pixels
    assert pictures == shown(model, 7, len(pictures), mode - 1)


@cocotb.test(**BOTH)
async def goes_on_beside_requests_and_self_tests(dut):
    board = await Board.started(dut, NORMAL)
    await board.ask(order(1, 1))
    await board.fill(2)
    for _ in range(5):
        for wire in (PICTURE, Frame(Request.SELF_TEST, 9)):
            before = len(board.screens[-1][1])
            answer = await board.ask(wire.encode())
            assert answer.tag == 9
            if wire is PICTURE:
                assert answer.payload == NORMAL.picture(NORMAL.self_test)
            else:
                assert passes(answer)
            await board.fill(before + int(board._rng.integers(1, 3)))
    ((_, pictures),) = board.screens
    assert pictures == shown(NORMAL, 1, len(pictures))


@cocotb.test(**BOTH)
async def goes_on_beside_a_busy_line(dut):
    count = 12
    board = await Board.started(dut, NORMAL)
    await board.ask(order(1, 1))
    await board.fill(1)
    cocotb.start_soon(board.send(count * PICTURE.encode()))
    for _ in range(count):
        assert (await board.receive()).payload == NORMAL.picture(NORMAL.self_test)
    ((_, pictures),) = board.screens
    assert len(pictures) > count // 2  # behind each picture that waits for the line
    assert pictures == shown(NORMAL, 1, len(pictures))


@cocotb.test(**BOTH)
async def begins_a_new_screen_and_ends(dut):
    board = await Board.started(dut, NORMAL)
    await board.ask(order(MAX_SEED, 1))
    await board.fill(3)
    await board.ask(order(8, 2))
    await board.fill(3, screen=2)
    await board.ask(order(8, 2))  # the same again begins again
    await board.fill(2, screen=3)
    assert state(await board.ask(order(5, 0)))[:2] == (8, 0)
    await board.fill(0, screen=4)
    assert await board.is_at_rest()
    answer = await board.ask(PICTURE.encode())
    assert answer.payload == NORMAL.picture(NORMAL.self_test)
    assert state(await board.ask(order(0, 0)))[:2] == (8, 0)
    assert await board.is_at_rest()
    first, second, third, last = (pictures for _, pictures in board.screens)
    assert first == shown(NORMAL, MAX_SEED, len(first))
    assert second == shown(NORMAL, 8, len(second), walk=1)
    assert third == shown(NORMAL, 8, len(third), walk=1)
    assert last == []


@cocotb.test(**BOTH)
async def heeds_orders_at_any_time(dut):
    """Orders and the button between any two clocks of a picture: screens stay whole."""
    board = await Board.started(dut, CHOICES)
    seed, seeds = 100, []
    for _ in range(40):
        if board._rng.random() < 0.5:
            await board.ask(order(seed := seed + 7, 1))
        else:
            await board.pulse(dut.wall_button)
            seed += 1 if seeds else 2 - seed  # the first one is the board's own
        await board.fill(1, screen=len(seeds) + 1)
        seeds.append(seed)
        await ClockCycles(dut.clk, int(board._rng.integers(0, 2000)))
    assert len(board.screens) == len(seeds)
    for seed, (_, pictures) in zip(seeds, board.screens):
        assert pictures == shown(CHOICES, seed, len(pictures))


@cocotb.test(**BOTH)
@cocotb.parametrize(why=["none", "untold", "tanh", "size"])
async def is_refused(dut, why):
    model = {
        "none": None,
        "untold": replace(NORMAL, latents=""),
        "tanh": replace(NORMAL, latents="tanh"),
        "size": NORMAL,
    }[why]
    board = await Board.started(dut, model)
    dut.wall_fits.value = why != "size"
    code = {"none": Error.NO_MODEL, "size": WallError.SIZE}.get(why, WallError.LATENTS)
    for mode, wanted in ((1, code), (6, code), (7, WallError.WALK)):
        assert await board.ask(order(1, mode)) == Frame(ERROR, 2, bytes([wanted]))
        assert await board.told() == (1, 0)
    await board.pulse(dut.wall_button)
    assert await board.told() == (1, 0)
    assert state(await board.ask(order(9, 0)))[:2] == (1, 0)  # off is always understood
    assert await board.is_at_rest()
    assert not board.screens


@cocotb.test(**BOTH)
async def does_not_heed_what_is_no_order(dut):
    board = await Board.started(dut, NORMAL)
    await board.ask(order(4, 1))
    for wire, code in (
        (order(1, 7), WallError.WALK),
        (order(1, 255), WallError.WALK),
        (Frame(Request.WALL, 2, bytes(4)).encode(), Error.LENGTH),
        (order(1, 1, name=25 * b"x"), Error.LENGTH),
        (order(1, 1, name=256 * b"x"), Error.LENGTH),
        (Frame(Request.WALL, 2, bytes(6)).encode(), WallError.TEXT),
    ):
        assert await board.ask(wire) == Frame(ERROR, 2, bytes([code]))
        assert await board.told() == (4, 1)
    await board.fill(8)
    ((_, pictures),) = board.screens
    assert pictures == shown(NORMAL, 4, len(pictures))


class Names:
    """What lies in the two slots of a screen's names, and which of them is shown.

    Attributes
    ----------
    slots : list of bytes
        A name ends behind its last character.
    """

    def __init__(self, dut):
        self.dut, self.slots = dut, [b"", b""]
        cocotb.start_soon(self._watch())

    @property
    def shown(self):
        """The name of the text; None where there is none."""
        text = TEXT.from_bits(int(self.dut.wall_text.value))
        return self.slots[text.slot] if text.on else None

    async def _watch(self):
        while True:
            await self.dut.wall_name.value_change
            name = NAME.from_bits(int(self.dut.wall_name.value))
            if name.valid:
                kept = self.slots[name.slot][: name.at]
                assert len(kept) == name.at
                ended = b"\0" if name.last else b""
                self.slots[name.slot] = kept + bytes([name.code]) + ended


@cocotb.test(**BOTH)
async def has_a_text(dut):
    board = await Board.started(dut, NORMAL)
    names = Names(dut)
    assert names.shown is None
    for seed, name in enumerate((b"compact-w5", b"~", b"abcdefghijklmnopqrstu !y", b" b")):
        answer = await board.ask(order(seed, 1, name=name))
        assert state(answer)[:2] == (seed, 1 | protocol.WALL_TEXT)
        assert names.shown == name + b"\0"
    for name, code in (
        (b"a\x1fc", WallError.TEXT),
        (b"\x7f", WallError.TEXT),
        (b"abc\xe1", WallError.TEXT),
        (25 * b"x", Error.LENGTH),
    ):
        assert await board.ask(order(9, 1, name=name)) == Frame(ERROR, 2, bytes([code]))
        assert names.shown == b" b\0"
    assert await board.ask(order(9, 7, name=b"c")) == Frame(ERROR, 2, bytes([WallError.WALK]))
    dut.wall_roomy.value = 0
    assert await board.ask(order(9, 1, name=b"c")) == Frame(ERROR, 2, bytes([WallError.ROOM]))
    assert await board.told() == (3, 1 | protocol.WALL_TEXT)
    dut.wall_roomy.value = 1

    await board.pulse(dut.wall_button)  # leaves the text as it is; so does the wall's end
    assert await board.told() == (4, 1 | protocol.WALL_TEXT)
    assert state(await board.ask(order(0, 0)))[:2] == (4, 0 | protocol.WALL_TEXT)
    assert state(await board.ask(order(0, 0, name=b"c")))[:2] == (4, 0 | protocol.WALL_TEXT)
    await board.pulse(dut.wall_button)
    assert await board.told() == (5, 1 | protocol.WALL_TEXT)
    assert names.shown == b" b\0"
    dut.wall_roomy.value = 0
    assert state(await board.ask(order(6, 2)))[:2] == (6, 2)
    assert names.shown is None


@cocotb.test(**BOTH)
async def ends_with_its_model(dut):
    board = await Board.started(dut, NORMAL)
    await board.ask(order(3, 1))
    await board.fill(2)
    wrong = protocol.LOAD_BEGIN.pack(bytes(8), 1, 1, bytes(8))
    answer = await board.ask(Frame(Request.LOAD_BEGIN, 4, wrong).encode())
    assert answer.payload == bytes([Error.CAPACITY])
    assert await board.told() == (3, 1)  # it goes on
    assert passes(await board.upload(CHOICES))
    assert await board.told() == (3, 0)
    board.model = CHOICES
    info = Info.unpack((await board.ask(Frame(Request.INFO, 3).encode())).payload)
    assert info.status.state == State.UPLOADED
    assert info.model.latents == "categorical"
    await board.ask(order(6, 2))
    await board.fill(7, screen=3)
    before, between, after = board.screens
    assert before[1] == shown(NORMAL, 3, len(before[1]))
    assert between[1] == []
    assert after[0] == 4
    assert after[1] == shown(CHOICES, 6, len(after[1]), walk=1)


@cocotb.test(**BOTH)
async def is_no_part_of_a_load_that_fails(dut):
    """Pixels that nobody waits for are dropped; nothing of them meets the next wall."""
    other = replace(NORMAL, seed=1)
    less = replace(other.part.facts, pixels=8)  # a pixel less than the machine makes
    more = replace(other.part.facts, pixels=25)  # it never comes to the end of a self-test
    left = replace(other.part.facts, latent=20, pixels=17)  # numbers wait for a second picture
    board = await Board.started(dut, NORMAL)
    for seed, facts in enumerate((less, more, left)):
        await board.ask(order(seed, 1))
        await board.fill(2, screen=3 * seed + 1)
        spoilt = other.image.replace(other.part.facts.pack(), facts.pack())
        assert spoilt != other.image
        await board.upload(other, spoilt)
        assert (await board.ask(order(3, 1))).payload == bytes([Error.NO_MODEL])
        assert passes(await board.upload(NORMAL))
        before = len(board.screens)
        await board.ask(order(9 + seed, 1))
        await board.fill(3, screen=before + 1)
        assert board.screens[-1][1] == shown(NORMAL, 9 + seed, len(board.screens[-1][1]))


@cocotb.test(**BOTH)
async def begins_by_itself_and_has_a_button(dut):
    board = await Board.started(dut, NORMAL)
    await board.pulse(dut.wall_start)
    await board.fill(2)
    await board.pulse(dut.wall_button)
    await board.fill(2, screen=2)
    assert await board.told() == (2, 1)
    await board.ask(order(0, 0))
    await board.fill(0, screen=3)
    await board.pulse(dut.wall_button)  # of a dark screen: it begins
    await board.fill(1, screen=4)
    assert len(board.screens) == 4
    for seed, (_, pictures) in zip((1, 2, 0, 3), board.screens):
        assert pictures == (shown(NORMAL, seed, len(pictures)) if seed else [])


@cocotb.test(**BOTH)
async def waits_for_a_model_unless_an_order_comes(dut):
    board = await Board.started(dut)
    await board.pulse(dut.wall_button)  # without a model it does nothing
    await board.pulse(dut.wall_start)
    assert await board.is_at_rest()
    board.model = NORMAL
    await board.upload(NORMAL)
    await board.fill(2)
    ((size, pictures),) = board.screens
    assert size == 3
    assert pictures == shown(NORMAL, 1, len(pictures))


@cocotb.test(**BOTH)
async def does_not_begin_where_an_order_came_first(dut):
    board = await Board.started(dut)
    await board.pulse(dut.wall_start)
    await board.ask(order(0, 0))
    await board.upload(NORMAL)
    assert await board.is_at_rest()
    assert not board.screens
