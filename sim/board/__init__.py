# SPDX-License-Identifier: Apache-2.0
"""The whole board, simulated: behind a pseudo-terminal, or as a netlist."""
