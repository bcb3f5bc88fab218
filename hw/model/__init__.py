# SPDX-License-Identifier: Apache-2.0
"""What the hardware takes, by formula: cycles, memories, multipliers."""
