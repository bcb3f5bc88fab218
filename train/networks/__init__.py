# SPDX-License-Identifier: Apache-2.0
"""Generator, discriminators, losses, in PyTorch."""
