# SPDX-License-Identifier: Apache-2.0
"""The machine: Amaranth components without pins or PLLs, and the board-independent top."""
