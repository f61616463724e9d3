"""How much to take at once, learned from how long the last took."""


def next_size(size: int, *, done: int, seconds: float, aim: float, most: int) -> int:
    """What would have taken `aim` seconds at the pace of `done` in `seconds`: from 1 to `most`, at most four times
    `size`. As it is where nothing was done, which tells nothing."""
    return max(1, min(most, int(aim * done / max(seconds, 1e-6)), size * 4)) if done else size
