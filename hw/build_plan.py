# SPDX-License-Identifier: Apache-2.0
"""Capacity, and perhaps a model, to a board's top, with an id for exactly that design."""

import hashlib
import inspect
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import amaranth

from golden.model_file import Model
from golden.spec import GeneratorSpec
from hw.axi.line import AxiLine
from hw.axi.top import AxiTop
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine.external_generator import ExternalGenerator
from hw.engine.generator import Generator
from hw.engine.load_bus import memories
from hw.flash.loader import FlashLoader
from hw.flash.reader import half_clocks
from hw.image import capacity_fields, capacity_id, image
from hw.model.schedule import fitted
from hw.rtlil import to_rtlil
from hw.top import Top
from hw.uart.facts import Machine
from hw.uart.identity import Identity, ModelPart
from hw.uart.protocol import BAUD, ID_SIZE, divisor
from hw.uart.serial_line import SerialLine
from support.cache import digest, digest_of_files, kept
from support.failures import InputError

BUSES = {"serial": SerialLine, "axi": AxiLine}


def sources_hash(parameters):
    """Return the SHA-256 of the design's sources, Amaranth's version and `parameters` (JSON).

    A key for what is made from them and kept; a comment changes it.
    """
    folder = Path(__file__).parent
    sources = [*sorted(folder.rglob("*.py")), Path(inspect.getfile(GeneratorSpec))]
    everything = [amaranth.__version__, parameters, digest_of_files(sources)]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).digest()


def machine_of(capacity, *, build_id, clock_hz):
    """Return what a board says about its machine, :class:`hw.uart.facts.Machine`."""
    return Machine(
        build_id=build_id,
        capacity_id=capacity_id(capacity, memories(capacity)),
        clock_hz=clock_hz,
        macs_per_cycle=capacity.array.macs_per_cycle,
        capacity=tuple(capacity_fields(capacity).values()),
    )


def part_of(model, self_test, answer):
    """Return what the identity memory holds of a model, :class:`hw.uart.identity.ModelPart`."""
    distribution = model.training.get("latents", "normal")
    return ModelPart.of(model.spec, model.digest, self_test, answer, distribution)


def image_of(model, capacity, self_test, answer):
    """Return the image of a model for a machine.

    Parameters
    ----------
    model : golden.model_file.Model
    capacity : Capacity
    self_test, answer : sequence of int
        As of :class:`BuildPlan`.

    Raises
    ------
    InputError
        It does not fit.
    """
    shapes = memories(capacity)
    words = Contents.of(model, fitted(model.spec, capacity), capacity).words
    part = part_of(model, self_test, answer)
    return image(capacity_id(capacity, shapes), shapes, words, part)


@dataclass(frozen=True)
class BuildPlan:
    """Everything that decides what a board's logic and memories are.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    clock_hz : int
    model : golden.model_file.Model, optional
        What the board holds from power-up on.
    self_test : sequence of int
        Latents of that model's self-test, -128 to 127.
    answer : sequence of int
        CRC-32 of each hidden layer and of the picture that the model gives for them
        (:func:`golden.layer_sums.layer_sums`). This package does not compute it: whoever may call
        the reference does.
    baud : int
        Start-up rate.
    bus : str
        How bytes come and go: one of :data:`BUSES`.
    wall : bool
        It draws latents of its own for a screen, too.
    platform : object, optional
        The board's, asked for primitives as :class:`hw.primitives.block_ram.BlockRam` does.

    Raises
    ------
    InputError
        The clock cannot make the rate, a number does not fit the info answer, or a model cannot be
        there from power-up on.
    """

    capacity: Capacity
    clock_hz: int
    model: Model | None = None
    self_test: tuple[int, ...] = ()
    answer: tuple[int, ...] = ()
    baud: int = BAUD
    bus: str = "serial"
    wall: bool = False
    platform: object = None

    def __post_init__(self):
        if not 0 < self.clock_hz < 1 << 32:
            raise InputError(f"clock is {self.clock_hz} Hz; give 1 to {(1 << 32) - 1}")
        try:
            divisor(self.clock_hz, self.baud)
        except ValueError as error:
            raise InputError(str(error)) from error
        if self.model is not None and self.capacity.array.weight_bus:
            raise InputError(
                "the weights of this machine lie in a memory outside, which is empty at power-up; "
                "leave the model out, and put it there with `avatar load`"
            )

    @cached_property
    def build_id(self):
        """8 bytes: a hash of the design's RTLIL and parameters, whatever model it holds.

        Kept by the sources, because writing the RTLIL of a large array takes many seconds.
        """
        parameters = {
            "amaranth": amaranth.__version__,
            "capacity": capacity_fields(self.capacity),
            "baud": self.baud,
            "bus": self.bus,
            "clock_hz": self.clock_hz,
        } | ({"wall": True} if self.wall else {})
        key = digest(sources_hash(parameters).hex(), type(self.platform).__qualname__)

        def work(folder):
            blank = self._top(bytes(ID_SIZE), Contents.empty(self.capacity), None)
            sha = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
            sha.update(to_rtlil(blank, "top", platform=self.platform).encode())
            (folder / "id").write_text(sha.hexdigest())

        return bytes.fromhex((kept("build-id", key, work) / "id").read_text())[:ID_SIZE]

    @property
    def machine(self):
        """What the board says about itself, :class:`hw.uart.facts.Machine`."""
        return machine_of(self.capacity, build_id=self.build_id, clock_hz=self.clock_hz)

    @property
    def part(self):
        """What the identity memory holds of the model, :class:`hw.uart.identity.ModelPart`."""
        if self.model is None:
            return None
        return part_of(self.model, self.self_test, self.answer)

    def top(self):
        """Return the board-independent top, :class:`hw.top.Top` or :class:`hw.axi.top.AxiTop`."""
        contents = Contents.empty(self.capacity)
        if self.model is not None:
            tiling = fitted(self.model.spec, self.capacity)
            contents = Contents.of(self.model, tiling, self.capacity)
        return self._top(self.build_id, contents, self.part)

    def _top(self, build_id, contents, part):
        machine = machine_of(self.capacity, build_id=build_id, clock_hz=self.clock_hz)
        outside = self.capacity.array.weight_bus
        generator = (ExternalGenerator if outside else Generator)(self.capacity, contents)
        shapes = memories(self.capacity)
        line = BUSES[self.bus](divisor(self.clock_hz, self.baud))
        flash = FlashLoader(half_clocks(self.clock_hz)) if outside else None
        top = Top(generator, shapes, Identity(machine, part), line, wall=self.wall, flash=flash)
        return AxiTop(top) if self.bus == "axi" else top
