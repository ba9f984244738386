"""Modules that hold modules: in sequence, in a list, in a dict."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from operator import index as as_int
from typing import TYPE_CHECKING, Any, Self, overload

from .module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.typing import ArrayLike

__all__ = ["Container", "ModuleDict", "ModuleList", "Numbered", "Sequential"]
__dir__ = __all__.copy


class Container(Module):
    """Base of containers: modules by key, in order."""

    def put(self, key: str, module: Module) -> None:
        """Set the module of a key; raise TypeError for other objects, ValueError for a key that cannot be part of a path."""
        kind = type(self).__name__
        if not isinstance(module, Module):
            raise TypeError(f"{kind} takes modules; got {type(module).__name__} {module!r:.60}. Wrap a function in "
                            "Activation(function)")
        if hasattr(type(self), key) or "." in key:
            raise ValueError(f"{kind} cannot name a module {key!r}; choose a name without a dot that is not a method's name")
        setattr(self, key, module)

    def entries(self) -> dict[str, Module]:
        """The modules by key."""
        return {key: part for key, part in vars(self).items() if isinstance(part, Module)}

    def __len__(self) -> int:
        return len(self.entries())


class Numbered(Container):
    """Base of containers whose keys are numbers: 0, 1, 2 …"""

    def put(self, key: str, module: Module) -> None:
        if isinstance(module, Module) and module.name is None and key.isdecimal():
            module.name = f"{type(module).__name__} {key}"  # in a picture, a box named "0" would say nothing
        super().put(key, module)

    def append(self, module: Module) -> Self:
        """Add a module at the end; return the container."""
        self.put(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; return the container."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before an index; all behind it get new numbers."""
        modules = list(self)
        modules.insert(index, module)
        return self._renumbered(modules)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index]
        self._renumbered(modules)

    def __setitem__(self, index: int, module: Module) -> None:
        self.put(list(self.entries())[as_int(index)], module)

    def _renumbered(self, modules: list[Module]) -> Self:
        for key, part in self.entries().items():
            del vars(self)[key]
            if part.name == f"{type(part).__name__} {key}":
                vars(part)["name"] = None
        for i, module in enumerate(modules):
            self.put(str(i), module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return iter(self.entries().values())

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: int) -> Any: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._sliced(index) if isinstance(index, slice) else list(self)[index]

    def _sliced(self, index: slice) -> Any:
        raise NotImplementedError


class Sequential(Numbered):
    """Modules in sequence, each applied to the output of the one before; numbered, or named in a dict.

    >>> import numpy as np
    >>> from nn import Linear, Tanh
    >>> model = Sequential(Linear(2, 3, rng=0), Tanh(), Linear(3, 1, rng=1))
    >>> model
    Sequential(
      (0): Linear(2, 3)
      (1): Tanh()
      (2): Linear(3, 1)
    )
    >>> model(np.zeros((5, 2), np.float32)).shape, [name for name, _ in model.named_parameters()]
    ((5, 1), ['0.weight', '0.bias', '2.weight', '2.bias'])
    >>> len(model.append(Tanh())), model[:2](np.zeros((5, 2), np.float32)).shape
    (4, (5, 3))
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) and not isinstance(modules[0], Module) else None
        for key, module in enumerate(modules) if named is None else named.items():
            self.put(str(key), module)  # type: ignore[arg-type]  # put checks it

    def forward(self, input: ArrayLike) -> Tensor:
        output: Any = input
        for module in self:
            output = module(output)
        return output

    def _sliced(self, index: slice) -> Sequential:
        return Sequential(OrderedDict(list(self.entries().items())[index]))


class ModuleList(Numbered):
    """Modules in a list, for a ``forward`` of your own that runs through them; a plain list in an attribute does as well.

    >>> from nn import Tanh
    >>> layers = ModuleList([Tanh(), Tanh()]).append(Tanh())
    >>> len(layers), layers[-1], [name for name, _ in layers.named_children()]
    (3, Tanh(), ['0', '1', '2'])
    """

    def __init__(self, modules: Iterable[Module] = ()):
        self.extend(modules)

    def _sliced(self, index: slice) -> ModuleList:
        return ModuleList(list(self)[index])


class ModuleDict(Container, MutableMapping[str, Any]):
    """Modules by name, for a ``forward`` of your own that picks among them; a plain dict in an attribute does as well.

    >>> from nn import ReLU, Tanh
    >>> choices = ModuleDict({"relu": ReLU(), "tanh": Tanh()})
    >>> choices["tanh"], list(choices), "elu" in choices
    (Tanh(), ['relu', 'tanh'], False)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()):
        self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self.entries()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.put(key, module)

    def __delitem__(self, key: str) -> None:
        del self.entries()[key], vars(self)[key]

    __eq__ = object.__eq__  # a module is equal to itself alone
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())
