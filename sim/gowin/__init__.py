# SPDX-License-Identifier: Apache-2.0
"""Models of Gowin's cells, and what is compared on them."""
