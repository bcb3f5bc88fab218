# SPDX-License-Identifier: Apache-2.0
"""Damaged requests at the pins of a simulated board."""
