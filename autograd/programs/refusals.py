"""Numbers that are not known while a function is recorded: whatever asks for one is refused, in one place."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError, place_text, users_frame

NO_TRUTH = ("Python's if, while, and, or and in are not recorded. Choose with autograd.where(condition, x, y), maximum or minimum, "
            "or make the argument that it depends on static: compile(f, static_argnums=…)")


class Unknown:
    """The part of a recorded number or array that would need its numbers: each of these asks, and is refused."""

    __slots__ = ()

    def describe(self) -> str:
        """The number or array in messages."""
        raise NotImplementedError

    def asked(self, call: str) -> Any:
        """Raise GraphError with the line; a subclass may know what else to do."""
        return refuse(self, call)

    def item(self) -> Any:
        """Refused: there is no number yet."""
        return self.asked(".item()")

    def numpy(self) -> Any:
        """Refused."""
        return self.asked(".numpy()")

    def tolist(self) -> Any:
        """Refused."""
        return self.asked(".tolist()")

    def __float__(self) -> float:
        return float(self.asked("float()"))

    def __int__(self) -> int:
        return int(self.asked("int()"))

    def __index__(self) -> int:
        return int(self.asked("an index or a count"))

    def __format__(self, spec: str) -> str:
        return repr(self) if not spec else str(self.asked("format()"))


def refuse(node: Any, asked: str, why: str | None = None) -> Any:
    """Raise GraphError: the number of a node is asked for while a function is recorded; the message has line and remedy."""
    told = why or ("the number would be that of the recording at every later call. Compute with autograd's functions and "
                   "operators, return the number, or make the argument that it depends on static: compile(f, static_argnums=…)")
    raise GraphError(f"{asked} of {node.describe()} ({user_line()}) while a function is recorded for compile: {told}")


def user_line() -> str:
    """The line of the user's code that is running, for messages."""
    frame = users_frame()
    return place_text(frame.f_code.co_filename, frame.f_lineno)
