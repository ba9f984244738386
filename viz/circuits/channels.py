"""Channels between columns: one track for each value, ordered so that few wires cross and none overlap."""

from __future__ import annotations

PITCH = 9.0  # from track to track
CROWD = 24  # tracks: above, tracks are closer together
EDGE = 10.0  # from the outer tracks to the columns
NEAR = 5.0  # two lines closer than this look like one
CLASH = 1_000_000  # the cost of two overlapping lines
MANY = 300  # nets: above, neighbours are swapped, instead of trying every place for each net


class Net:
    """A value in a channel: the heights of its wires on the left and on the right."""

    __slots__ = ("high", "left", "low", "right", "track", "value")

    def __init__(self, value: int, left: list[float], right: list[float]):
        self.value, self.left, self.right = value, left, right
        self.low, self.high = min(left + right), max(left + right)
        self.track = -1

    @property
    def falls(self) -> bool:
        """True where most of its ends are below its left end."""
        return not self.left or self.left[0] - self.low < self.high - self.left[0]

    @property
    def straight(self) -> bool:
        """True where it needs no track."""
        return self.low == self.high


def pitch(count: int) -> float:
    """The distance between tracks, for this number of tracks.

    >>> pitch(3), pitch(54), pitch(1000)
    (9.0, 4.0, 2.0)
    """
    return PITCH if count <= CROWD else max(2.0, round(2 * PITCH * CROWD / count) / 2)


def room(count: int, none: float = 0.0) -> float:
    """The length of a channel with this number of tracks."""
    return 2 * EDGE + pitch(count) * (count - 1) if count else none


def _cost(a: Net, b: Net) -> int:
    """The crossings where the track of ``a`` is left of the track of ``b``; clashes cost more than any crossing."""
    cost, low, high = 0, b.low, b.high
    for y in a.right:
        if low < y < high:
            cost += 1
        for z in b.left:
            if -NEAR < y - z < NEAR:
                cost += CLASH
    low, high = a.low, a.high
    for y in b.left:
        if low < y < high:
            cost += 1
    return cost


def routed(nets: list[Net]) -> tuple[int, int]:
    """Assign a track to every net that is not straight; return the numbers of tracks and of crossings.

    >>> routed([Net(0, [0.0], [40.0]), Net(1, [50.0], [10.0])])
    (2, 1)
    >>> nested = Net(0, [0.0], [40.0, 80.0]), Net(1, [20.0], [60.0, 100.0])
    >>> routed(list(nested)), [net.track for net in nested]
    ((2, 1), [1, 0])
    """
    bent = [net for net in nets if not net.straight]
    total = sum(net.low < other.low < net.high for other in nets if other.straight for net in bent)
    if not bent:
        return 0, total
    # rising nets: the upper ones further left; falling nets: the upper ones further right
    bent.sort(key=lambda net: (net.falls, -net.low if net.falls else net.low, net.value))
    order = _ordered(bent)
    tracks: list[list[Net]] = []
    for i, net in enumerate(order):
        at = -1
        for other in order[:i]:
            if other.track > at and net.low - NEAR < other.high and other.low < net.high + NEAR:
                at = other.track
        net.track = at + 1
        if net.track == len(tracks):
            tracks.append([])
        tracks[net.track].append(net)
    total += sum(_cost(a, b) for i, a in enumerate(order) for b in order[i + 1:] if _meet(a, b))
    return len(tracks), total


def _meet(a: Net, b: Net) -> bool:
    return a.low - NEAR < b.high and b.low - NEAR < a.high


def _ordered(nets: list[Net]) -> list[Net]:
    """Order the nets from left to right, by moving each to its best place until nothing improves."""
    n = len(nets)
    if n > MANY:
        return _swapped(nets)
    gain = [[0] * n for _ in range(n)]  # what i left of j costs more than j left of i
    for i in range(n):
        for j in range(i):
            if _meet(nets[i], nets[j]):
                gain[i][j] = _cost(nets[i], nets[j]) - _cost(nets[j], nets[i])
                gain[j][i] = -gain[i][j]
    order = list(range(n))
    for _ in range(6):
        if not _sifted(order, gain):
            break
    return [nets[i] for i in order]


def _sifted(order: list[int], gain: list[list[int]]) -> bool:
    moved = False
    for i in list(order):
        at = order.index(i)
        best, place, cost = 0, at, 0
        for k in range(at - 1, -1, -1):  # to the left of k: i was right of it
            cost += gain[i][order[k]]
            if cost < best:
                best, place = cost, k
        cost = 0
        for k in range(at + 1, len(order)):
            cost -= gain[i][order[k]]
            if cost < best:
                best, place = cost, k
        if place != at:
            order.remove(i)
            order.insert(place, i)
            moved = True
    return moved


def _swapped(nets: list[Net]) -> list[Net]:
    """Order the nets by swapping neighbours as long as this reduces crossings."""
    nets = list(nets)
    for _ in range(20):
        moved = False
        for k in range(len(nets) - 1):
            a, b = nets[k], nets[k + 1]
            if _meet(a, b) and _cost(a, b) > _cost(b, a):
                nets[k], nets[k + 1], moved = b, a, True
        if not moved:
            break
    return nets
