# SPDX-License-Identifier: Apache-2.0
"""The experiments behind docs/results, one file each."""
