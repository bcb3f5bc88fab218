# SPDX-License-Identifier: Apache-2.0
"""A bitstream for Gowin's GW2A."""
