# SPDX-License-Identifier: Apache-2.0
"""A screen on the board's own socket: a wall of the newest pictures, sent as DVI."""
