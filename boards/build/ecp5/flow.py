# SPDX-License-Identifier: Apache-2.0
"""RTLIL to a routed ECP5 and its bitstream: Yosys, nextpnr, ecppack."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from boards.build.ecp5.block_contents import block_indices
from boards.build.ecp5.routed_report import RoutedReport
from support.cache import digest, kept
from support.tools import ECPPACK, NEXTPNR_ECP5, YOSYS, ToolFailed

SYNTHESIS_TIMEOUT = 3600  # seconds; a full LFE5U-85F takes a few minutes of one core
ROUTING_TIMEOUT = 3 * 3600
PACKING_TIMEOUT = 600
PACKAGES = {"BG381": "CABGA381", "MG285": "CSFBGA285"}  # as Amaranth and as nextpnr name them
SCRIPT = "read_rtlil design.il; synth_ecp5 -top top -json netlist.json"
ROUTER = "router1"  # 153 MHz where router2 gave 117
# nextpnr's own choice, `heap`, takes a tenth more wire around large blocks that have their places,
# and its routing may not end: of three seeds of the machine with weights outside two did in 15
# minutes. Where it places those blocks itself it does better: an LFE5U-45F's 16 x 8 machine has
# 138 MHz, with `static` 122.
PLACER, PLACER_AROUND = "heap", "static"


@dataclass(frozen=True)
class Netlist:
    """A synthesized design.

    Attributes
    ----------
    folder : Path
        Holds ``netlist.json`` and ``yosys.log``.
    seconds : float
        That it took, now or when it was made.
    """

    folder: Path
    seconds: float

    @property
    def key(self):
        """Digest of all that decides it."""
        return self.folder.name

    def cells(self, *types):
        """Return the type of each cell of one of these types, by its name."""
        found = self._cells.items()
        return {name: cell["type"] for name, cell in found if cell["type"] in types}

    def drivers(self, kind, port):
        """Return the flip-flop behind this port, by the name of the cell, for cells of a type."""
        outputs = {
            cell["connections"]["Q"][0]: name
            for name, cell in self._cells.items()
            if cell["type"] == "TRELLIS_FF"
        }
        nets = {
            name: cell["connections"][port][0]
            for name, cell in self._cells.items()
            if cell["type"] == kind and cell["connections"].get(port)
        }
        return {name: outputs[net] for name, net in nets.items() if net in outputs}

    def with_clock(self, lpf, name):
        """Return constraints in which the clock `name` has the name that Yosys left to the net.

        Of all names that a net has in the design it keeps some; which, the others decide.

        Raises
        ------
        ToolFailed
            No PLL drives the net.
        """
        if f'NET "{name}"' not in lpf:
            return lpf  # a clock from a pin
        nets = self._top["netnames"]
        for cell in self._cells.values():
            if cell["type"] == "EHXPLLL":
                bit = cell["connections"]["CLKOP"][0]
                names = [each for each, net in nets.items() if bit in net["bits"]]
                best = min(names, key=lambda each: (each.count("."), each))  # as nextpnr chooses
                return lpf.replace(f'NET "{name}"', f'NET "{best}"')
        raise ToolFailed(f"the netlist has no PLL that drives {name} (log: {self.folder})")

    def write_placed(self, path, places):
        """Write it to `path` with the places, by cell, that the placer shall not choose."""
        netlist = self._read()
        for name, place in places.items():
            netlist["modules"]["top"]["cells"][name]["attributes"]["BEL"] = place
        Path(path).write_text(json.dumps(netlist))

    @cached_property
    def _top(self):
        return self._read()["modules"]["top"]

    @property
    def _cells(self):
        return self._top["cells"]

    def _read(self):
        return json.loads((self.folder / "netlist.json").read_text())


@dataclass(frozen=True)
class Routed:
    """A placed and routed design.

    Attributes
    ----------
    folder : Path
        Holds ``routed.config``, ``timing.json``, ``nextpnr.log``, and ``blocks.json``: the number
        of each block RAM's contents in the configuration, by the cell's name.
    report : RoutedReport
    seconds : float
        That it took, now or when it was made.
    """

    folder: Path
    report: RoutedReport
    seconds: float


def synthesize(rtlil, progress):
    """Return the :class:`Netlist` of a design, made once.

    Parameters
    ----------
    rtlil : str
        Yosys' RTLIL, primitives of the ECP5 in it or not; the top module is ``top``.
    progress : support.progress.Progress

    Raises
    ------
    InputError
        Yosys is not installed.
    ToolFailed
        It failed.
    """

    def work(folder):
        Path(folder, "design.il").write_text(rtlil)
        arguments = ["-q", "-l", "yosys.log", "-p", SCRIPT]
        _timed(YOSYS, arguments, folder, "yosys.log", SYNTHESIS_TIMEOUT, progress)
        Path(folder, "design.il").unlink()
        netlist = Path(folder, "netlist.json")
        netlist.write_text(json.dumps(without_idle_carries(json.loads(netlist.read_text()))))

    progress.stage("synthesis")
    folder = kept("synthesis", digest(YOSYS.version, SCRIPT, "no idle carries", rtlil), work)
    return Netlist(folder, _seconds(folder))


def without_idle_carries(netlist):
    """Return a netlist of Yosys whose carry chains end where nothing reads their last carry.

    nextpnr brings every carry that has a net out of its chain, read or not, which takes two LUTs.
    """
    cells = netlist["modules"]["top"]["cells"].values()
    read = {
        bit
        for cell in cells
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] != "output"
        for bit in bits
    }
    read |= {bit for port in netlist["modules"]["top"]["ports"].values() for bit in port["bits"]}
    for cell in cells:
        if cell["type"] == "CCU2C" and not read & set(cell["connections"]["COUT"]):
            cell["connections"]["COUT"] = ["x"]
    return netlist


def place_and_route(
    netlist, device, progress, *, package, speed="6", lpf="", frequency=None, places=None, seed=1
):
    """Return the :class:`Routed` of a netlist, made once.

    Timing that is not met is no failure here: the report says what was.

    Parameters
    ----------
    netlist : Netlist
    device : str
        Name in :data:`boards.chips.devices.DEVICES`, as lfe5u-85f.
    progress : support.progress.Progress
    package : str
        As nextpnr names it: CABGA381.
    speed : str
        Speed grade: 6, the slowest, 7 or 8.
    lpf : str
        Places of the ports and clock constraints; by default every port goes anywhere.
    frequency : float, optional
        MHz wanted of clocks that `lpf` does not constrain.
    places : dict of str to str, optional
        nextpnr's names of places, by cell; the placer finds one for every other cell.
    seed : int

    Raises
    ------
    InputError
        nextpnr is not installed.
    ToolFailed
        The design does not fit, cannot be routed, or nextpnr failed.
    """
    places = places or {}
    placer = PLACER_AROUND if places else PLACER
    options = [
        f"--{device.removeprefix('lfe5u-').removesuffix('f')}k",
        *("--package", package, "--speed", speed, "--placer", placer, "--router", ROUTER),
        *("--seed", str(seed), "--timing-allow-fail", "--lpf-allow-unconstrained"),
        *("--write", "routed.json"),
    ]
    if frequency is not None:
        options += ["--freq", f"{frequency:g}"]

    def work(folder):
        netlist.write_placed(Path(folder, "netlist.json"), places)
        Path(folder, "constraints.lpf").write_text(lpf)
        arguments = [
            *("--quiet", "--log", "nextpnr.log", "--json", "netlist.json"),
            *("--lpf", "constraints.lpf", "--textcfg", "routed.config"),
            *("--report", "timing.json", *options),
        ]
        _timed(NEXTPNR_ECP5, arguments, folder, "nextpnr.log", ROUTING_TIMEOUT, progress)
        Path(folder, "netlist.json").unlink()
        routed = Path(folder, "routed.json")
        Path(folder, "blocks.json").write_text(json.dumps(block_indices(routed), indent=1))
        routed.unlink()

    progress.stage(f"place and route, seed {seed}")
    folder = kept("routing", digest(NEXTPNR_ECP5.version, netlist.key, options, lpf, places), work)
    report = RoutedReport.read(folder / "timing.json")
    return Routed(folder, report, _seconds(folder))


def pack(folder, progress):
    """Make ``top.bit`` of the ``routed.config`` in `folder`; the same text gives the same bytes.

    Raises
    ------
    InputError
        ecppack is not installed.
    ToolFailed
        It failed.
    """
    progress.stage("bitstream")
    arguments = ["--compress", "--input", "routed.config", "--bit", "top.bit"]
    ECPPACK.run(arguments, folder, log="ecppack.log", timeout=PACKING_TIMEOUT)


def _timed(tool, arguments, folder, log, timeout, progress):
    begin = time.monotonic()
    tool.run(arguments, folder, log=log, timeout=timeout, watch=progress.line)
    Path(folder, "seconds").write_text(f"{time.monotonic() - begin:.1f}\n")


def _seconds(folder):
    return float(Path(folder, "seconds").read_text())
