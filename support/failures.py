# SPDX-License-Identifier: Apache-2.0
"""How a program ends that cannot give what was asked: a failed check, or bad input."""


class CheckFailed(Exception):
    """A check failed; the message says which, in one line or with what a tool said below it.

    Attributes
    ----------
    status : int
        Exit status of a program that ends with it.
    """

    status = 1


class InputError(ValueError):
    """Something a user gave is wrong; the message is one line: what, where, and the remedy.

    Attributes
    ----------
    status : int
        Exit status of a program that ends with it.
    """

    status = 2
