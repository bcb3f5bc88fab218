# SPDX-License-Identifier: Apache-2.0
"""From a board and a model to a folder that holds its bitstream or project."""
