# SPDX-License-Identifier: Apache-2.0
"""A network and its latents as the options of a command line name them."""

from golden.spec import GeneratorSpec
from support.failures import InputError

LATENTS = ("normal", "tanh", "categorical")  # golden.latents needs NumPy, which takes its time


def numbers(name, text):
    """Return the whole numbers, with commas between, that the option `name` has."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{name} is {text!r}; give whole numbers, with commas between") from None


def weight_bits(text):
    """Return what --weight-bits asks for: one number, one for each layer, or None."""
    if text is None:
        return None
    bits = numbers("--weight-bits", text)
    return bits[0] if len(bits) == 1 else bits


def network_of(preset, channels):
    """Return the network that --preset or --channels ask for, of which one is not None.

    Raises
    ------
    InputError
        Both are None or neither is, the preset is unknown, or the channels make no network.
    """
    if (preset is None) == (channels is None):
        raise InputError("give the generator's size: --preset NAME or --channels C1,C2,C3")
    if preset is not None:
        return GeneratorSpec.preset(preset)
    return GeneratorSpec.avatars(numbers("--channels", channels))
