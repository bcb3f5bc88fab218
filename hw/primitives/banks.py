# SPDX-License-Identifier: Apache-2.0
"""How a memory is cut into block RAMs: which shapes, how many of each, and where lanes lie."""

from typing import NamedTuple

from amaranth import Cat, Const

BLOCK_BITS = 18 * 1024
LANE = 9  # bits with a write enable of their own


class Bank(NamedTuple):
    """Blocks side by side, of `width` bits each: the words of a memory from `start` on."""

    width: int
    columns: int
    start: int

    @property
    def words(self):
        """Words of a block."""
        return block_words(self.width)


def block_words(width):
    """Return the words of a block; those narrower than nine bits leave out its ninth bits."""
    whole = BLOCK_BITS if width >= LANE else BLOCK_BITS // LANE * (LANE - 1)
    return whole // width


def banks(width, depth, widths):
    """Return the :class:`Bank` of each part of a memory, one behind the other.

    They have as few blocks as banks of one shape can have. The last bank may have shorter and
    wider blocks than the others where that saves banks, since each bank costs a multiplexer.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words.
    widths : sequence of int
        That a block may have.
    """
    plain = min((_stack(width, depth, bits) for bits in widths), key=block_count)
    candidates = [
        _stack(width, whole, bits) + _stack(width, depth - whole, last, whole)
        for bits in widths
        for last in widths
        for whole in (depth, depth - depth % block_words(bits))
        if block_words(last) <= block_words(bits)
    ]
    fewest = block_count(plain)
    return min((each for each in candidates if block_count(each) == fewest), key=len)


def block_count(stack):
    """Return the blocks of all banks of a memory."""
    return sum(bank.columns for bank in stack)


class Lanes(NamedTuple):
    """A word of `width` bits whose `count` lanes begin at enables of their own, with gaps."""

    width: int
    count: int

    @property
    def part(self):
        """Bits of a lane."""
        return self.width // self.count

    @property
    def pitch(self):
        """Bits from lane to lane."""
        return self.width if self.count == 1 else -(-self.part // LANE) * LANE

    @property
    def padded_width(self):
        """Bits of the word with its gaps."""
        return self.count * self.pitch

    def pad(self, word):
        """Return a value with its gaps."""
        gap = Const(0, self.pitch - self.part)
        parts = (word[n * self.part : (n + 1) * self.part] for n in range(self.count))
        return Cat(Cat(part, gap) for part in parts)

    def pad_contents(self, word):
        """Return a number with its gaps."""
        part, mask = self.part, (1 << self.part) - 1
        return sum((word >> n * part & mask) << n * self.pitch for n in range(self.count))

    def join(self, word):
        """Return a value without its gaps."""
        return Cat(word[n * self.pitch : n * self.pitch + self.part] for n in range(self.count))


def _stack(width, depth, bits, start=0):
    columns, words = -(-width // bits), block_words(bits)
    return [Bank(bits, columns, start + row) for row in range(0, depth, words)]
