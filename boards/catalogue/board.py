# SPDX-License-Identifier: Apache-2.0
"""What the rest of the project must know about a board; its pins are its platform's."""

from __future__ import annotations

from dataclasses import dataclass, field

from boards.catalogue.capacities import changed
from boards.chips.devices import DEVICES, Device
from hw.capacity import Capacity
from hw.memory.timing import Geometry, Timing
from support.failures import InputError

FIRST_SEED = 1
PROCESSOR_PLL_HZ = 1_000_000_000  # of which a Zynq's processor divides the clock of the logic


@dataclass(frozen=True)
class Sdram:
    """A memory outside the chip, the platform's resource ``sdram``.

    Attributes
    ----------
    geometry : hw.memory.timing.Geometry
        The smallest of the chips that the board is sold with.
    timing : hw.memory.timing.Timing
    """

    geometry: Geometry
    timing: Timing


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes
    ----------
    name : str
        As ``--board`` takes it.
    title : str
    platform : callable
        Returns a new Amaranth platform.
    device_name : str
        Of :data:`boards.chips.devices.DEVICES`.
    oscillator : str
        The platform's clock resource.
    pll : type or None
        Component that makes the clock, ``pll(oscillator_hz, clock_hz)``; ``pll.check`` of the same
        refuses what it cannot make. Its clock ``starts_locked``, or it says ``locked`` and the
        board is reset until then. None: the clock is the oscillator's.
    clocks_mhz : tuple of float
        That a build tries, from the highest.
    capacities : dict of str to hw.capacity.Capacity
        Its machines by name, each the largest array and memories that fit with the clock met; the
        first is the one that is built unless another is asked for.
    lamps : dict of str to tuple
        Resource, number and, where it has several, subsignal of `alive`, `busy`, `error` and
        `model`; those that the board has.
    wiring : str
        How its serial line reaches a computer.
    loader : str
        openFPGALoader's name for it.
    bitstream : bool
        Whether this project has made one with its tools.
    sdram : Sdram, optional
        For the weights of machines that want them outside, and for the frame of a screen.
    screen : str, optional
        The platform's resource of a socket for a screen, as
        :class:`hw.display.serializer.Serializer` takes it.
    button : tuple, optional
        Resource and number of the button that changes the seed of a wall.
    flash_bytes : int
        Of the flash that holds the bitstream, the platform's resource ``spi_flash``; 0 where it can
        hold no model.
    seeds : dict of str to int
        Of the placement with which a machine's highest clock is met, where it is not the first.
    slower_mhz : dict of str to float
        Highest clock that a machine has met, where it is not the first of `clocks_mhz`.
    processor_mhz : float, optional
        Oscillator of the Zynq-7000's processor beside the logic; None where there is none.
    """

    name: str
    title: str
    platform: type
    device_name: str
    oscillator: str
    pll: type | None
    clocks_mhz: tuple[float, ...]
    capacities: dict[str, Capacity] = field(hash=False)
    wiring: str
    loader: str
    lamps: dict = field(hash=False, default_factory=dict)
    bitstream: bool = False
    sdram: Sdram | None = None
    screen: str | None = None
    button: tuple | None = None
    flash_bytes: int = 0
    seeds: dict[str, int] = field(hash=False, default_factory=dict)
    slower_mhz: dict[str, float] = field(hash=False, default_factory=dict)
    processor_mhz: float | None = None

    @property
    def device(self) -> Device:
        """Its chip."""
        return DEVICES[self.device_name]

    def capacity(self, text=None):
        """Return one of its machines.

        Parameters
        ----------
        text : str, optional
            Its name, or sizes in which the first one is changed: ``weight_words=2048,rows=8``.

        Raises
        ------
        InputError
            There is none of that name, or a size is unknown or out of range.
        """
        first = next(iter(self.capacities.values()))
        if text is None:
            return first
        if "=" in text:
            return changed(first, text)
        if text not in self.capacities:
            raise InputError(
                f"--capacity: {self.name} has no machine {text!r}; choose from "
                f"{', '.join(self.capacities)}, or give sizes: weight_words=2048,map_words=1024"
            )
        return self.capacities[text]

    def clock_mhz(self, text=None):
        """Return the highest clock of a machine, named as in :meth:`capacity`, in MHz."""
        return self.slower_mhz.get(text, max(self.clocks_mhz))

    def seed(self, text=None):
        """Return the seed of the placement of a machine, named as in :meth:`capacity`."""
        return self.seeds.get(text or next(iter(self.capacities)), FIRST_SEED)

    @property
    def oscillator_hz(self):
        """Of the clock that comes from the board."""
        resource = self.platform().lookup(self.oscillator)
        return round(resource.clock.frequency)

    @property
    def ports(self):
        """Names of its top's ports: ``clk``, ``rx``, ``tx``, and ``active``, the busy lamp.

        Raises InputError where it has no such lamp.
        """
        if "busy" not in self.lamps:
            raise InputError(
                f"{self.name}: has no lamp `busy`, by which a simulation sees that it works; "
                "choose another board"
            )
        resource, number, *parts = self.lamps["busy"]
        return {
            "clk": f"{self.oscillator}_0__io",
            "rx": "uart_0__rx__io",
            "tx": "uart_0__tx__io",
            "active": "__".join([f"{resource}_{number}", *parts, "io"]),
        }

    @property
    def busy_is_low(self):
        """Whether the pin of the lamp `busy` is 0 while it is lit."""
        resource, number, *parts = self.lamps["busy"]
        pins = self.platform().lookup(resource, number)
        for part in parts:
            pins = next(each for each in pins.ios if each.name == part)
        return pins.ios[0].invert

    def screen_store(self, text):
        """Return where the frame of a screen lies, ``sdram`` or ``blocks``.

        Parameters
        ----------
        text : str or None
            One of them; ``auto`` is ``sdram`` where the board has one. None: no screen, and None
            is returned.

        Raises
        ------
        InputError
            The board has no socket, or no SDRAM.
        """
        if text is None:
            return None
        if self.screen is None:
            raise InputError(f"--screen: {self.name} has no socket for one; ulx3s-85f has")
        if text == "sdram" and self.sdram is None:
            raise InputError(f"--screen sdram: {self.name} has no SDRAM; give --screen blocks")
        return ("sdram" if self.sdram else "blocks") if text == "auto" else text

    def check_clock(self, clock_hz, bus="serial"):
        """Refuse a clock that this board cannot make, and a bus that it does not have.

        Raises
        ------
        InputError
        """
        if bus == "axi":
            if self.processor_mhz is None:
                raise InputError(f"--bus axi: {self.name} has no processor beside the logic")
            if PROCESSOR_PLL_HZ % clock_hz:
                raise InputError(
                    f"{self.name}: its processor makes no {clock_hz / 1e6:g} MHz; give --clock "
                    "1000 over a whole number"
                )
        elif self.pll is not None:
            self.pll.check(self.oscillator_hz, clock_hz)
        elif clock_hz != self.oscillator_hz:
            raise InputError(
                f"{self.name} runs at its oscillator's {self.oscillator_hz / 1e6:g} MHz; "
                "leave --clock out"
            )
