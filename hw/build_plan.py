# SPDX-License-Identifier: Apache-2.0
"""Model and array to a board's top, with an id for exactly that design."""

import hashlib
import inspect
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import amaranth

from golden.model_file import Model
from golden.spec import GeneratorSpec
from hw.contents import Contents
from hw.engine.generator import Generator
from hw.rtlil import to_rtlil
from hw.tiling import ArraySpec, Tiling
from hw.top import Top
from hw.uart.identity import Identity
from hw.uart.protocol import BAUD, ID_SIZE, Facts, divisor
from support.cache import digest, kept
from support.failures import InputError


def sources_hash(parameters):
    """Return the SHA-256 of the design's sources, Amaranth's version and `parameters` (JSON).

    A key for what is made from them and kept; a comment changes it.
    """
    sha = hashlib.sha256(json.dumps([amaranth.__version__, parameters], sort_keys=True).encode())
    folder = Path(__file__).parent
    for source in [*sorted(folder.rglob("*.py")), Path(inspect.getfile(GeneratorSpec))]:
        sha.update(f"{source.name}\0".encode() + source.read_bytes())
    return sha.digest()


@dataclass(frozen=True)
class BuildPlan:
    """Everything that decides what a board's logic and memories are.

    Parameters
    ----------
    model : golden.model_file.Model
    array : ArraySpec
    clock_hz : int
    self_test : 100 int
        Latents of the self-test, -128 to 127.
    answer : 4 int
        CRC-32 of layers 1 to 3 and of the picture that the model gives for them
        (:func:`golden.layer_sums.layer_sums`). This package does not compute it: whoever may call
        the reference does.
    baud : int
        Start-up rate.
    platform : object, optional
        The board's, asked for primitives as :class:`hw.primitives.block_ram.BlockRam` does.

    Raises
    ------
    InputError
        The clock cannot make the rate, or a number does not fit the info answer.
    """

    model: Model
    array: ArraySpec
    clock_hz: int
    self_test: tuple[int, ...]
    answer: tuple[int, int, int, int]
    baud: int = BAUD
    platform: object = None

    def __post_init__(self):
        if not 0 < self.clock_hz < 1 << 32:
            raise InputError(f"clock is {self.clock_hz} Hz; give 1 to {(1 << 32) - 1}")
        try:
            divisor(self.clock_hz, self.baud)
        except ValueError as error:
            raise InputError(str(error)) from error
        if max(self.model.spec.channels) >= 1 << 16:
            raise InputError(
                f"spec: channels are {self.model.spec.channels}; a board takes up to 65535 each"
            )

    @cached_property
    def build_id(self):
        """8 bytes: a hash of the design's RTLIL and parameters, the model's contents left out.

        Kept by the sources, because writing the RTLIL of a large array takes many seconds.
        """
        parameters = {
            "amaranth": amaranth.__version__,
            "array": asdict(self.array),
            "baud": self.baud,
            "clock_hz": self.clock_hz,
            "spec": self.model.spec.to_json(),
        }
        key = digest(sources_hash(parameters).hex(), type(self.platform).__qualname__)

        def work(folder):
            design = to_rtlil(self._blank_top(), "top", platform=self.platform)
            sha = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
            sha.update(design.encode())
            (folder / "id").write_text(sha.hexdigest())

        return bytes.fromhex((kept("build-id", key, work) / "id").read_text())[:ID_SIZE]

    @property
    def model_id(self):
        """8 bytes: the beginning of the model's digest."""
        return bytes.fromhex(self.model.digest)[:ID_SIZE]

    @property
    def facts(self):
        """What the board says about itself, :class:`hw.uart.protocol.Facts`."""
        return self._facts(self.build_id, self.model_id)

    def _facts(self, build_id, model_id):
        spec = self.model.spec
        return Facts(
            build_id=build_id,
            model_id=model_id,
            latent=spec.latent,
            channels=spec.channels,
            weight_bits=spec.weight_bits,
            clock_hz=self.clock_hz,
            macs_per_cycle=self.array.macs_per_cycle,
        )

    def top(self):
        """Return the board-independent top."""
        contents = Contents.of(self.model, self.array)
        return self._top(contents, Identity(self.facts, self.self_test, self.answer))

    def _blank_top(self):
        """Return the top with nothing in its memories."""
        nothing = bytes(ID_SIZE)
        identity = Identity(
            self._facts(nothing, nothing), (0,) * len(self.self_test), (0,) * len(self.answer)
        )
        return self._top(Contents([], [], [], []), identity)

    def _top(self, contents, identity):
        generator = Generator(Tiling(self.model.spec, self.array), contents)
        return Top(generator, identity, baud=self.baud)
