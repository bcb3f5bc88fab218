# SPDX-License-Identifier: Apache-2.0
"""Primitives of the Lattice ECP5, each in a component with the ports of its plain twin."""
