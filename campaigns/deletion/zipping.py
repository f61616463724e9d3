"""A ZIP archive written piece by piece, for an answer that is sent while it is made."""

import hashlib
import io
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# Three times as fast as the usual 6, and tables of addresses and times shrink to a tenth with either.
LEVEL = 1


@dataclass(frozen=True)
class Packed:
    """One file of the archive, as its manifest tells it. `rows` is None for what is no table."""

    name: str
    bytes: int
    sha256: str
    rows: int | None

    def as_dict(self) -> dict[str, str | int | None]:
        return asdict(self)


class StreamedZip:
    """Files go in one after another, bytes come out; never more in memory than a piece of one file.

    What comes out is a plain ZIP with data descriptors (APPNOTE 4.4.4, bit 3), which every unpacker reads.
    """

    def __init__(self) -> None:
        self._out = _Outlet()
        self._archive = ZipFile(self._out, "w", ZIP_DEFLATED, compresslevel=LEVEL)
        self.packed: list[Packed] = []

    def add(self, name: str, pieces: Iterable[tuple[bytes, int]], *, is_table: bool = True) -> Iterator[bytes]:
        """Write one file of `pieces`, each with how many rows are in it, and give what the archive has grown by."""
        digest, size, rows = hashlib.sha256(), 0, 0
        told = ZipInfo(name, time.gmtime()[:6])
        told.compress_type = ZIP_DEFLATED
        told.external_attr = 0o600 << 16  # people's data: readable by its owner alone where it is unpacked
        with self._archive.open(told, "w", force_zip64=True) as file:
            for piece, count in pieces:
                file.write(piece)
                digest.update(piece)
                size, rows = size + len(piece), rows + count
                yield from self._out.taken()
        self.packed.append(Packed(name, size, digest.hexdigest(), rows if is_table else None))
        yield from self._out.taken()

    def close(self) -> Iterator[bytes]:
        """The directory at the end; without it the archive is broken, and every unpacker says so."""
        self._archive.close()
        yield from self._out.taken()


class _Outlet(io.RawIOBase):
    """What the archive writes to, when nobody wants a file. It cannot be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        return len(taken)

    def taken(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield b"".join(pieces)
