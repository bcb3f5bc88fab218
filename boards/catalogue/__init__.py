# SPDX-License-Identifier: Apache-2.0
"""The boards: pins, clocks, and what fits each."""
