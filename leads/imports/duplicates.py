"""Which addresses a file has had already: a million of them in 24 MB, where a dict of texts would take 150."""

from array import array

_INITIAL_SLOTS = 1 << 12
_MAX_LOAD = 0.6  # fuller tables probe for long


class SeenAddresses:
    """A hash table of 64-bit hashes and row numbers, with open addressing in two flat arrays.

    Texts are not kept. Two different addresses that share a hash would be taken for one: in a file of a million that
    happens once in 37 million files, and the row is then reported as a problem like any other, not lost.
    """

    def __init__(self) -> None:
        self._resize(_INITIAL_SLOTS)

    def first_row(self, address: str, row: int) -> int | None:
        """The row that had the address before, or None after noting that `row` is the first. Rows count from 1."""
        key = hash(address) & 0xFFFF_FFFF_FFFF_FFFF
        rows, keys, mask = self._rows, self._keys, self._mask
        slot = key & mask
        while rows[slot]:
            if keys[slot] == key:
                return rows[slot]
            slot = (slot + 1) & mask
        keys[slot], rows[slot] = key, row
        self._count += 1
        if self._count > self._limit:
            self._grow()
        return None

    def _grow(self) -> None:
        keys, rows = self._keys, self._rows
        self._resize(2 * len(rows))
        for key, row in zip(keys, rows, strict=True):
            if row:
                slot = key & self._mask
                while self._rows[slot]:
                    slot = (slot + 1) & self._mask
                self._keys[slot], self._rows[slot] = key, row
                self._count += 1

    def _resize(self, slots: int) -> None:
        self._keys = array("Q", [0]) * slots
        self._rows = array("I", [0]) * slots
        self._mask, self._limit, self._count = slots - 1, int(slots * _MAX_LOAD), 0
