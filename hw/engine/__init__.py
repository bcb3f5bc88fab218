# SPDX-License-Identifier: Apache-2.0
"""The generator: sequencer, memories, array and requantizer."""
