# SPDX-License-Identifier: Apache-2.0
"""The training loop, and how it begins, goes on and is watched."""
