# SPDX-License-Identifier: Apache-2.0
"""The screen without a monitor: what leaves its pins, decoded."""
