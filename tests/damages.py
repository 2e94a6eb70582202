"""What may happen to the bytes of a file: by accident, or by somebody who knows nothing of what they mean."""

import random
from collections.abc import Callable

Damage = Callable[[bytearray, int, random.Random], None]


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Return the bytes with one damage, at a place that is drawn."""
    changed = bytearray(data)
    draw.choice(DAMAGES)(changed, draw.randrange(len(data)), draw)
    return bytes(changed)


def _flip_a_bit(data: bytearray, at: int, draw: random.Random) -> None:
    data[at] ^= 1 << draw.randrange(8)


def _set_a_byte(data: bytearray, at: int, draw: random.Random) -> None:
    data[at] = draw.randrange(256)


def _take_out(data: bytearray, at: int, draw: random.Random) -> None:
    del data[at : at + draw.choice((1, 2, 16, 200))]


def _put_in(data: bytearray, at: int, draw: random.Random) -> None:
    data[at:at] = draw.randbytes(draw.choice((1, 2, 16, 200)))


def _repeat(data: bytearray, at: int, draw: random.Random) -> None:
    data[at:at] = data[at : at + draw.choice((1, 2, 16, 200))]


def _swap(data: bytearray, at: int, draw: random.Random) -> None:
    length, other = draw.choice((1, 4, 64)), draw.randrange(len(data))
    first, second = sorted((at, other))
    length = min(length, second - first, len(data) - second)
    one, two = data[first : first + length], data[second : second + length]
    data[first : first + length], data[second : second + length] = two, one


def _cut_off(data: bytearray, at: int, draw: random.Random) -> None:
    del data[at:]


def _swap_digits(data: bytearray, at: int, draw: random.Random) -> None:
    """Change a digit for another, as somebody would who edits the file as text."""
    digits = [place for place in range(at, min(at + 500, len(data))) if chr(data[place]).isdigit()]
    if digits:
        data[draw.choice(digits)] = ord(draw.choice("0123456789"))


DAMAGES: tuple[Damage, ...] = (
    _flip_a_bit, _set_a_byte, _take_out, _put_in, _repeat, _swap, _cut_off, _swap_digits,
)  # fmt: skip
