# SPDX-License-Identifier: Apache-2.0
"""Which arrays fit a device, and how fast they are."""
