# SPDX-License-Identifier: Apache-2.0
"""A board and what it shall hold: the part of a build that every toolchain shares."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from boards.build.board_top import BoardTop
from boards.build.ecp5.block_contents import DesignContents
from boards.catalogue.board import Board
from boards.chips.capacity import check_fit
from hw.build_plan import BuildPlan
from hw.model.schedule import fitted
from hw.rtlil import without_indices
from support.collector import collector_at_rest
from support.environment import clean_process
from support.failures import CheckFailed, InputError
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
    screen : str, optional
        Of a plan with a wall: where its frame lies, ``sdram`` or ``blocks``.
    """

    board: Board
    plan: BuildPlan
    screen: str | None = None

    @property
    def empty_plan(self):
        """The plan of the machine without a model: one routed design serves all models."""
        return replace(self.plan, model=None, self_test=(), answer=())

    def top(self, plan):
        """Return the board's top that `plan` fills."""
        return BoardTop(plan.top(), self.board, plan.clock_hz, self.screen)

    def files(self, plan):
        """Return what Amaranth makes of the top that `plan` fills, by file name: str or bytes."""
        platform = self.board.platform()
        # Amaranth takes options of its own from the environment.
        with clean_process(), collector_at_rest():
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

    def check(self, out):
        """Refuse what cannot become the folder `out`, before any tool runs.

        Raises
        ------
        boards.chips.capacity.DoesNotFit, InputError
        """
        check_new_folder(out)
        check_fit(self.plan.capacity, self.board.device, self.screen)
        if self.plan.model is not None:
            check_model(self.board.name, self.plan.model, self.plan.capacity)

    @property
    def facts(self):
        """The part of ``report.json`` that every toolchain shares."""
        plan, board = self.plan, self.board
        return {
            "board": board.name,
            "device": board.device_name,
            "build": plan.build_id.hex(),
            "capacity": asdict(plan.capacity),
            **model_facts(plan.model),
            "clock_hz": plan.clock_hz,
            "baud": plan.baud,
            **({"screen": self.screen} if self.screen else {}),
            "on_silicon": False,
        }


def check_model(machine, model, capacity):
    """Refuse a model that a machine cannot hold; `machine` names it in the message.

    Raises
    ------
    InputError
    """
    try:
        fitted(model.spec, capacity)
    except InputError as error:
        raise InputError(f"{machine}: {error}; `avatar fit` shows every memory") from None


def model_facts(model):
    """Return what a report tells of the model in a build, None where there is none."""
    if model is None:
        return {"model": None, "spec": None}
    return {"model": model.digest, "spec": model.spec.to_json()}
