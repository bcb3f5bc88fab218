# SPDX-License-Identifier: Apache-2.0
"""A board and what it shall hold: the part of a build that every toolchain shares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from boards.build.board_top import BoardTop
from boards.build.ecp5.block_contents import DesignContents
from boards.catalogue.board import Board
from boards.chips.capacity import check_fit
from golden.full_range import full_range_model
from hw.build_plan import BuildPlan
from hw.rtlil import without_indices
from hw.tiling import Tiling
from support.environment import clean_process
from support.failures import CheckFailed
from support.files import check_new_folder


class TimingMissed(CheckFailed):
    """The routed design is slower than its clock; the message says by how much."""


@dataclass(frozen=True)
class Job:
    """A board, and what it shall hold.

    Attributes
    ----------
    board : Board
    plan : hw.build_plan.BuildPlan
        Its clock is the one wanted, or the highest to try.
    """

    board: Board
    plan: BuildPlan

    @cached_property
    def base_plan(self):
        """The plan with contents drawn from a seed in place of the model's.

        Only the spec, the array, the clock and the rate decide it, so that one routed design serves
        all models.
        """
        return BuildPlan(
            model=full_range_model(self.plan.model.spec),
            array=self.plan.array,
            clock_hz=self.plan.clock_hz,
            self_test=(0,) * len(self.plan.self_test),
            answer=(0,) * len(self.plan.answer),
            baud=self.plan.baud,
            platform=self.plan.platform,
        )

    @cached_property
    def routed_plan(self):
        """The plan to route: the base, or this one where more than block RAM holds the model."""
        same = self.contents(self.plan).others == self.contents(self.base_plan).others
        return self.base_plan if same else self.plan

    def top(self, plan):
        """Return the board's top that `plan` fills."""
        return BoardTop(plan.top(), self.board, plan.clock_hz)

    def files(self, plan):
        """Return what Amaranth makes of the top that `plan` fills, by file name: str or bytes."""
        platform = self.board.platform()
        with clean_process():  # Amaranth takes options of its own from the environment
            return platform.prepare(self.top(plan), emit_src=False, debug_verilog=False).files

    def design(self, plan):
        """Return RTLIL and constraints of the top that `plan` fills."""
        files = self.files(plan)
        return without_indices(files["top.il"]), files["top.lpf"]

    def contents(self, plan):
        """Return the :class:`boards.build.ecp5.block_contents.DesignContents` of the top that
        `plan` fills.
        """
        return DesignContents.of(self.top(plan), self.board.platform())

    @property
    def tiling(self):
        """The network on its array."""
        return Tiling(self.plan.model.spec, self.plan.array)

    def check(self, out):
        """Refuse what cannot become the folder `out`, before any tool runs.

        Raises
        ------
        boards.chips.capacity.DoesNotFit, InputError
        """
        check_new_folder(out)
        check_fit(self.tiling, self.board.device)

    @property
    def facts(self):
        """The part of ``report.json`` that every toolchain shares."""
        plan, board = self.plan, self.board
        return {
            "board": board.name,
            "device": board.device_name,
            "model": plan.model.digest,
            "build": plan.build_id.hex(),
            "spec": plan.model.spec.to_json(),
            "rows": plan.array.rows,
            "columns": plan.array.columns,
            "clock_hz": plan.clock_hz,
            "baud": plan.baud,
            "on_silicon": False,
        }
