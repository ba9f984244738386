"""One name a value: names that tell the nodes of a graph apart, and numbers for those without one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    Path = tuple[str, ...]  # names of scopes, from the outermost inwards


def told_apart(order: Iterable[Any], given: Mapping[Any, str] | None = None) -> dict[Any, str]:
    """Return a name for each node that has one, constants included, so that no two nodes share it.

    ``order`` is the graph's, inputs first; ``given`` are names in place of the nodes' own. A name that several nodes have goes
    behind the path of the scope that the node is used in, and so do its neighbours w1, w2 …; where that is not enough, a number
    follows it.

    >>> from autograd.graph import topological
    >>> layers = []
    >>> for i in range(2):
    ...     with scope(f"layer {i}"):
    ...         layers.append(Value(2.0, "w0") * Value(3.0, f"x{i}"))
    >>> list(told_apart(topological(*layers)).values())
    ['layer 0/w0', 'x0', 'layer 1/w0', 'x1']
    """
    order = list(order)
    nodes = dict.fromkeys(x for node in order for x in (*node.operands, node) if hasattr(x, "operands"))
    named = {node: name for node in nodes if (name := (given or {}).get(node) or node.name)}
    if len(set(named.values())) == len(named):
        return named
    homes = _Homes(order, named)
    stems: dict[Path, set[str]] = {}  # names without number that occur twice, by scope
    for node in _shared(named):
        stems.setdefault(homes.around(node), set()).add(_stem(named[node]))
    called = {node: _joined(homes.around(node), name) if _stem(name) in stems.get(homes.around(node), ()) else name
              for node, name in named.items()}
    for node in list(_shared(called)):
        called[node] = _joined(homes.first(node), named[node])
    return _counted(called)


def labels(order: Iterable[Any], named: Mapping[Any, str]) -> dict[Any, str]:
    """Return a label for each node of a graph in its order: its name, else ``v`` and its number (``vv`` where a name is like that).

    >>> from autograd.graph import topological
    >>> x = Value(2.0, "x")
    >>> order = topological(x * 3 + x)
    >>> list(labels(order, told_apart(order)).values())
    ['x', 'v1', 'v2']
    """
    order = list(order)
    letter, taken = "v", set(named.values())
    while not taken.isdisjoint(f"{letter}{i}" for i in range(len(order))):  # the user has a node named v2
        letter += "v"
    return {node: named.get(node) or f"{letter}{i}" for i, node in enumerate(order)}


class _Homes:
    """The paths of the scopes that named nodes belong to: operations to their own, leaves to those of the operations on them."""

    def __init__(self, order: Iterable[Any], named: Mapping[Any, str]):
        self.used: dict[Any, list[Path]] = {}
        self.paths: dict[Any, Path] = {None: ()}
        for node in order:
            for x in node.operands:
                if hasattr(x, "operands") and x in named and not x.operands:
                    self.used.setdefault(x, []).append(self._path(node.scope))

    def _path(self, scope: Any) -> Path:
        missing = []
        while scope not in self.paths:
            missing.append(scope)
            scope = scope.parent
        for inner in reversed(missing):
            self.paths[inner] = (*self.paths[inner.parent], inner.name)
        return self.paths[missing[0] if missing else scope]

    def around(self, node: Any) -> Path:
        """The scopes that all operations on a leaf are in."""
        paths = self.used.get(node) or [self._path(node.scope)]
        low, high = min(paths), max(paths)  # a common prefix of the smallest and the largest is common to all
        same = next((i for i, (a, b) in enumerate(zip(low, high)) if a != b), min(len(low), len(high)))
        return low[:same]

    def first(self, node: Any) -> Path:
        """The scope of the first operation on a leaf."""
        return self.used.get(node, [self._path(node.scope)])[0]


def _shared(named: Mapping[Any, str]) -> Iterator[Any]:
    """The nodes whose name another one has, too."""
    count: dict[str, int] = {}
    for name in named.values():
        count[name] = count.get(name, 0) + 1
    return (node for node, name in named.items() if count[name] > 1)


def _stem(name: str) -> str:
    return name.rstrip("0123456789") or name


def _joined(path: Path, name: str) -> str:
    return "/".join((*path, name))


def _counted(called: dict[Any, str]) -> dict[Any, str]:
    """The names, those that are there already with a number behind them."""
    taken, seen = set(called.values()), set[str]()
    numbers: dict[str, int] = {}
    for node, name in called.items():
        if name in seen:
            n = numbers.get(name, 1) + 1
            while f"{name}#{n}" in taken:
                n += 1
            numbers[name] = n
            called[node] = f"{name}#{n}"
            taken.add(called[node])
        seen.add(called[node])
    return called
