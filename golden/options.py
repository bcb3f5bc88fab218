# SPDX-License-Identifier: Apache-2.0
"""A network and its latents as the options of a command line name them."""

from golden.spec import GeneratorSpec
from support.failures import InputError

PRESET_SIZE = 32
LATENTS = ("normal", "tanh", "categorical")  # golden.latents needs NumPy, which takes its time
WALK = 16  # steps of a walk of latents that a chip draws, unless another number is asked for


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


def network_of(preset, channels, *, size=None, head="planes", latent=GeneratorSpec.PRESET_LATENT):
    """Return the network that --preset or --channels ask for, of which one may be not None.

    Parameters
    ----------
    preset, channels : str or None
        By default ``compact``.
    size : int, optional
        Height and width of a picture; by default 32, or what so many channels make.
    head : str
        One of :attr:`golden.spec.GeneratorSpec.HEADS`.
    latent : int

    Raises
    ------
    InputError
        Neither is None, the preset is unknown, or there is no such network.
    """
    if preset is not None and channels is not None:
        raise InputError("--preset NAME or --channels C1,C2,C3 say how large; give one of them")
    given = None if channels is None else numbers("--channels", channels)
    if size is None and given is not None:
        return GeneratorSpec.avatars(given, latent=latent, head=head)
    size = PRESET_SIZE if size is None else size
    return GeneratorSpec.of_size(size, given, preset or "compact", latent, head)
