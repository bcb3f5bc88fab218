# SPDX-License-Identifier: Apache-2.0
"""Latents that the machine draws for itself, and the wall of pictures made of them."""
