"""A ZIP in which every byte is accounted for: members stored, always ZIP64, no gaps, no times, no data descriptors.

Of ZIP's many ways to say one thing this writes exactly one, so that a verifier makes every header anew and compares
the bytes. Nothing is held in memory but the list of members, so a file may have many gigabytes.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

NEEDED, MADE_BY = 45, 0x032D
FLAGS = 0x0800  # names are UTF-8
EARLIEST = 0x0021 << 16  # the earliest moment that ZIP knows, date and time in one number
IN_EXTRA = 0xFFFFFFFF  # the real number stands in the ZIP64 extra field
PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True)
class Stored:
    """A finished member: where it begins and what it holds."""

    name: str
    offset: int
    size: int
    crc: int
    sha256: str


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """Return what stands before a member's data."""
    head = struct.pack("<IHHHIIIIHH", 0x04034B50, NEEDED, FLAGS, 0, EARLIEST, crc, IN_EXTRA, IN_EXTRA, len(name), 20)
    return head + name + struct.pack("<HHQQ", 1, 16, size, size)


def central_header(member: Stored) -> bytes:
    """Return a member's line in the directory at the end."""
    name = member.name.encode("ascii")
    head = struct.pack("<IHHHHIIII", 0x02014B50, MADE_BY, NEEDED, FLAGS, 0, EARLIEST, member.crc, IN_EXTRA, IN_EXTRA)
    more = struct.pack("<HHHHHII", len(name), 28, 0, 0, 0, PLAIN_FILE, IN_EXTRA)
    return head + more + name + struct.pack("<HHQQQ", 1, 24, member.size, member.size, member.offset)


def end_records(members: int, size: int, offset: int) -> bytes:
    """Return the last 98 bytes: ZIP64 end, its locator, and the end that older readers look for."""
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, MADE_BY, NEEDED, 0, 0, members, members, size, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    return end + locator + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, IN_EXTRA, IN_EXTRA, 0)


class Member:
    """A member that is being written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sha256 = hashlib.sha256()
        self.size = self.crc = 0

    def write(self, data: bytes) -> None:
        """Add to its data."""
        self._out.write(data)
        self._sha256.update(data)
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """Return the hash of what was written so far."""
        return self._sha256.hexdigest()


class Container:
    """The file as it grows; the file given must be empty and seekable."""

    def __init__(self, out: BinaryIO) -> None:
        self.members: list[Stored] = []
        self._out = out
        self._at = 0

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        """Write one member; its header is made again once size and checksum are known."""
        title = name.encode("ascii")
        begun, member = self._at, Member(self._out)
        self._out.write(local_header(title, 0, 0))
        yield member
        header = local_header(title, member.size, member.crc)
        self._at = begun + len(header) + member.size
        self._out.seek(begun)
        self._out.write(header)
        self._out.seek(self._at)
        self.members.append(Stored(name, begun, member.size, member.crc, member.sha256))

    def add(self, name: str, data: bytes) -> None:
        """Write a member whose data is at hand."""
        with self.member(name) as member:
            member.write(data)

    def finish(self) -> None:
        """Write the directory; nothing can be added afterwards."""
        size = 0
        for member in self.members:
            size += self._out.write(central_header(member))
        self._out.write(end_records(len(self.members), size, self._at))
        self._out.flush()
