# SPDX-License-Identifier: Apache-2.0
"""Python's collector of cyclic garbage, which looks through all objects that there are."""

import contextlib
import gc


@contextlib.contextmanager
def collector_at_rest():
    """Free no cyclic garbage for a while; also as a decorator.

    A design is millions of objects, of which few are garbage before it is written out. To look
    through them time and again took half of the time of a large array's elaboration.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
