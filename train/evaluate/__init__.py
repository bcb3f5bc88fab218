# SPDX-License-Identifier: Apache-2.0
"""How good pictures are: distances, novelty, diversity."""
