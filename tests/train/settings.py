# SPDX-License-Identifier: Apache-2.0
"""How property tests run here: the same examples every time, none stored."""

from hypothesis import settings

QUICK = settings(max_examples=40, deadline=None, database=None, derandomize=True)
THOROUGH = settings(QUICK, max_examples=100)
