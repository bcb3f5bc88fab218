# SPDX-License-Identifier: Apache-2.0
"""Run the bench of one part of the generator, built alone: ``part MACHINE PART``."""

import sys

from sim.benches.components import MACHINES, Components
from sim.runner import BenchFailed, Simulation


def main(machine, part):
    """Return 0, or 1 where the bench fails."""
    simulation = Simulation(Components(MACHINES[machine], [part]), "components")
    try:
        simulation.run(
            f"sim.benches.tb_{part}", env={"MACHINE": machine, "COCOTB_MAX_FAILURES": "1"}
        )
    except BenchFailed as failure:
        lines = [line.strip() for line in str(failure).splitlines()]
        reasons = [line for line in lines if "Error" in line or line.startswith("assert")]
        print(f"FAILED {machine}/{part} - {reasons[-1] if reasons else lines[0]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
