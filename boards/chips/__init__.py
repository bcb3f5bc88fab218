# SPDX-License-Identifier: Apache-2.0
"""Devices, what they hold, and their clock generators."""
