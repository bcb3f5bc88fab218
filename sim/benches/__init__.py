# SPDX-License-Identifier: Apache-2.0
"""Benches of single components, under cocotb."""
