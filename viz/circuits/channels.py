"""Channels between columns: one track for each value, ordered so that few wires cross and none overlap."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice

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
    near = _near(bent)
    cost = [{j: _cost(bent[i], bent[j]) for j in others} for i, others in enumerate(near)]  # where i is left of j
    order = _ordered(cost) if len(bent) <= MANY else _swapped(cost)
    place = {i: k for k, i in enumerate(order)}
    total += sum(count for i, others in enumerate(cost) for j, count in others.items() if place[i] < place[j])
    for net in bent:
        net.track = -1
    for i in order:
        bent[i].track = 1 + max([bent[j].track for j in near[i]], default=-1)
    return 1 + max(net.track for net in bent), total


def _near(nets: list[Net]) -> list[list[int]]:
    """For each net, the nets whose heights overlap with its own, so that their order matters."""
    near: list[list[int]] = [[] for _ in nets]
    lows = sorted([(net.low - NEAR, net.high, i) for i, net in enumerate(nets)])
    for k, (_, high, i) in enumerate(lows):
        for low, _, j in islice(lows, k + 1, None):
            if low >= high:
                break
            near[i].append(j)
            near[j].append(i)
    return near


def clash(nets: list[Net]) -> bool:
    """Return True if two bent nets may overlap: one leaves near a height where the other enters.

    >>> clash([Net(0, [0.0], [40.0]), Net(1, [42.0], [10.0])]), clash([Net(0, [0.0], [40.0]), Net(1, [50.0], [10.0])])
    (True, False)
    """
    bent = [net for net in nets if not net.straight]
    ins = sorted([(y, net.value) for net in bent for y in net.left])
    for net in bent:
        for y in net.right:
            for z, value in islice(ins, bisect_left(ins, (y - 2 * NEAR,)), None):
                if z - y >= NEAR:
                    break
                if y - z < NEAR and value != net.value:
                    return True
    return False


def _ordered(cost: list[dict[int, int]]) -> list[int]:
    """Order the nets from left to right, by moving each to its best place until nothing improves."""
    gain = [{j: count - cost[j][i] for j, count in others.items() if count != cost[j][i]} for i, others in enumerate(cost)]
    order = list(range(len(cost)))
    place = list(order)
    moves, seen = 0, [-1] * len(cost)  # number of moves, and its value at the last look at each net
    for _ in range(6):
        before = moves
        for i in list(order):
            if seen[i] < moves:  # without a move since, there is no gain
                to = _best_place(place[i], sorted([(place[j], more) for j, more in gain[i].items()]))
                if to != place[i]:
                    low, high = min(to, place[i]), max(to, place[i]) + 1
                    order.insert(to, order.pop(place[i]))
                    for k in range(low, high):
                        place[order[k]] = k
                    moves += 1
                seen[i] = moves
        if moves == before:
            break
    return order


def _best_place(at: int, others: list[tuple[int, int]]) -> int:
    """The nearest of the cheapest places of a net; ``others`` are pairs (place, extra cost of being left of that net)."""
    best, place = 0, at
    begin = bisect_left(others, (at,))
    cost = 0
    for k, more in reversed(others[:begin]):
        cost += more
        if cost < best:
            best, place = cost, k
    cost = 0
    for k, more in others[begin:]:
        cost -= more
        if cost < best:
            best, place = cost, k
    return place


def _swapped(cost: list[dict[int, int]]) -> list[int]:
    """Order the nets by swapping neighbours as long as this reduces crossings."""
    order = list(range(len(cost)))
    for _ in range(20):
        moved = False
        for k in range(len(order) - 1):
            i, j = order[k], order[k + 1]
            if cost[i].get(j, 0) > cost[j].get(i, 0):
                order[k], order[k + 1], moved = j, i, True
        if not moved:
            break
    return order
