# SPDX-License-Identifier: Apache-2.0
"""Primitives of Gowin's GW2A, each in a component with the ports of its plain twin."""
