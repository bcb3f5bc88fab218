# SPDX-License-Identifier: Apache-2.0
"""Synthesis, place and route, and contents for Lattice's ECP5."""
