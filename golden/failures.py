# SPDX-License-Identifier: Apache-2.0
"""What a program says where its input was good and its result is not.

Beside :class:`golden.spec.InputError`, and not in its file: the id of a board's design is a hash
over that one.
"""


class CheckFailed(Exception):
    """A check failed; the message says which, in one line or with what a tool said below it.

    Attributes
    ----------
    status : int
        Exit status of a program that ends with it.
    """

    status = 1
