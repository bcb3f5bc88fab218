# SPDX-License-Identifier: Apache-2.0
"""From a float generator to integers."""
