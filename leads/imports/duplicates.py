"""Which addresses a file has had already: a million of them in 18 MB, where a dict of texts would take 150."""

from array import array

_INITIAL_SLOTS = 1 << 12
_MAX_LOAD = 0.7  # fuller tables probe for long


class SeenAddresses:
    """A hash table of 64-bit hashes and row numbers, with open addressing in two flat arrays.

    Texts are not kept. Two different addresses that share a hash would be taken for one: in a file of a million that
    happens once in 37 million files, and the row is then reported as a problem like any other, not lost. Told how many
    addresses to expect, it takes its memory once and never grows.
    """

    def __init__(self, expected: int = 0) -> None:
        self._resize(max(_INITIAL_SLOTS, int(expected / _MAX_LOAD) + 1))

    def first_row(self, address: str, row: int) -> int | None:
        """The row that had the address before, or None after noting that `row` is the first. Rows count from 1."""
        key = hash(address) & 0xFFFF_FFFF_FFFF_FFFF
        rows, keys, slots = self._rows, self._keys, self._slots
        slot = key % slots
        while rows[slot]:
            if keys[slot] == key:
                return rows[slot]
            slot = slot + 1 if slot + 1 < slots else 0
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
                slot = key % self._slots
                while self._rows[slot]:
                    slot = (slot + 1) % self._slots
                self._keys[slot], self._rows[slot] = key, row
                self._count += 1

    def _resize(self, slots: int) -> None:
        self._keys = array("Q", [0]) * slots
        self._rows = array("I", [0]) * slots
        self._slots, self._limit, self._count = slots, int(slots * _MAX_LOAD), 0
