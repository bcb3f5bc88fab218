# SPDX-License-Identifier: Apache-2.0
"""What turns a generator's last sums into pixels: tanh, a sigmoid, or nothing but the ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from golden.spec import TABLE_SIZE


@dataclass(frozen=True)
class Output:
    """A function to -1..1, which become the pixels 0..255, and the table that holds it.

    Attributes
    ----------
    name : str
    span : float
        The table covers sums from -span up to span; beyond lies what its ends are.
    """

    name: str
    span: float

    @property
    def steps(self):
        """Steps of the table's index in one unit of the sums."""
        return TABLE_SIZE / (2 * self.span)

    def __call__(self, x):
        """Map a tensor of sums to -1..1."""
        if self.name == "tanh":
            return torch.tanh(x)
        if self.name == "sigmoid":
            return torch.tanh(x / 2)  # 2 sigmoid(x) - 1
        return x.clamp(-1, 1)

    def slope(self, x):
        """Derivative at `x`, a tensor; of ``none`` 1 inside, and 0 where it is cut off."""
        if self.name == "tanh":
            return 1 - torch.tanh(x) ** 2
        if self.name == "sigmoid":
            return (1 - torch.tanh(x / 2) ** 2) / 2
        return ((x > -1) & (x < 1)).to(x.dtype)

    def table(self):
        """Return the pixels of the index t from -512 to 511: uint8 (1024,)."""
        t = np.arange(-TABLE_SIZE // 2, TABLE_SIZE // 2) / self.steps
        values = {"tanh": np.tanh, "sigmoid": lambda x: np.tanh(x / 2)}.get(self.name)
        values = t if values is None else values(t)
        return np.rint((values + 1) * 127.5).clip(0, 255).astype(np.uint8)


OUTPUTS = {
    each.name: each for each in (Output("tanh", 4.0), Output("sigmoid", 8.0), Output("none", 1.0))
}
