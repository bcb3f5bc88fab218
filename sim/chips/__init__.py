# SPDX-License-Identifier: Apache-2.0
"""Models of the chips that stand beside the FPGA on a board."""
