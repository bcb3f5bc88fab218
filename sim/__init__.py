# SPDX-License-Identifier: Apache-2.0
"""Simulation: cocotb benches, stream endpoints, the Verilator runner, the virtual board."""
