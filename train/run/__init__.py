# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: its configuration and its generator."""
