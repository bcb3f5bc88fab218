# SPDX-License-Identifier: Apache-2.0
"""The ECP5's cells in simulation: our models of them in Verilog, and what they are held against."""
