# SPDX-License-Identifier: Apache-2.0
"""Block RAM, multiplier, delay, stream register."""
