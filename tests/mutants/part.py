# SPDX-License-Identifier: Apache-2.0
"""Run the bench of one part of the generator, built alone: ``part TILING PART``."""

import sys

from sim.benches.components import TILINGS, Components
from sim.runner import BenchFailed, Simulation


def main(tiling, part):
    """Return 0, or 1 where the bench fails."""
    simulation = Simulation(Components(TILINGS[tiling], [part]), "components")
    try:
        simulation.run(f"sim.benches.tb_{part}", env={"TILING": tiling})
    except BenchFailed as failure:
        lines = [line.strip() for line in str(failure).splitlines()]
        reasons = [line for line in lines if "Error" in line or line.startswith("assert")]
        print(f"FAILED {tiling}/{part} - {reasons[-1] if reasons else lines[0]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
