"""Which fault strikes which request of the simulated vendor: the list of faults, read, checked and counted down."""

import base64
import inspect
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from jobs.errors import UsageError
from jobs.simulator.faults import KINDS
from jobs.simulator.wire import Wire, WireReply


@dataclass(slots=True)
class _Fault:
    play: Callable[..., None]
    parameters: dict[str, Any]
    path: str
    query: str
    account: str | None
    skip: int
    times: int | None

    def strikes(self, account: str | None, path: str, query: str) -> bool:
        below = self.path.rstrip("/").lower()
        return (
            (path.lower() == below or path.lower().startswith(below + "/"))
            and self.query in query
            and (self.account is None or self.account == account)
        )


class Faults:
    """The faults in force, and how often each still strikes. May be used by several threads."""

    def __init__(self, faults: Sequence[object] = (), place: str = "faults") -> None:
        """Raises UsageError naming `place` where a fault is not as this module says."""
        self._lock = threading.Lock()
        self._faults = [_read(fault, f"{place}.{number}") for number, fault in enumerate(faults)]

    def add(self, fault: Mapping[str, object]) -> None:
        with self._lock:
            self._faults.append(_read(fault, "add_fault"))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, account: str | None, path: str, query: str) -> Callable[[Wire, WireReply], None] | None:
        """What to do instead of sending the right reply to this request, counted as done; None: nothing."""
        with self._lock:
            for fault in self._faults:
                if not fault.strikes(account, path, query) or fault.times == 0:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                play, parameters = fault.play, fault.parameters
                return lambda wire, right: play(wire, right, **parameters)
        return None


_SELECTORS: dict[str, object] = {"kind": str, "path": str, "query": str, "account": str, "skip": int, "times": int}


def _read(fault: object, place: str) -> _Fault:
    if not isinstance(fault, Mapping) or fault.get("kind") not in KINDS:
        raise UsageError(f"{place}: a fault is an object with a kind of {', '.join(sorted(KINDS))}")
    play = KINDS[fault["kind"]]
    hints = get_type_hints(play)
    known = inspect.signature(play).parameters.values()
    wanted = {parameter.name: parameter for parameter in known if parameter.kind is parameter.KEYWORD_ONLY}
    _check(fault, _SELECTORS | {name: hints[name] for name in wanted}, place)
    for name, parameter in wanted.items():
        if parameter.default is parameter.empty and name not in fault:
            raise UsageError(f"{place}.{name}: kind {fault['kind']} requires it")
    return _Fault(
        play=play,
        parameters={name: fault[name] for name in wanted if name in fault},
        path=str(fault.get("path", "")),
        query=str(fault.get("query", "")),
        account=fault.get("account"),
        skip=fault.get("skip", 0),
        times=fault.get("times"),
    )


def _check(fault: Mapping[str, object], allowed: Mapping[str, object], place: str) -> None:
    for name, value in fault.items():
        if name not in allowed:
            raise UsageError(f"{place}.{name}: unknown; kind {fault['kind']} takes {', '.join(sorted(allowed))}")
        if not isinstance(value, _classes(allowed[name])) or isinstance(value, bool):
            raise UsageError(f"{place}.{name}: must be {_named(allowed[name])}")
        if name in ("skip", "times") and isinstance(value, int) and value < 0:
            raise UsageError(f"{place}.{name}: must not be negative")
    try:
        base64.b64decode(str(fault.get("base64", "")), validate=True)
    except ValueError:
        raise UsageError(f"{place}.base64: must be base64") from None


def _classes(hint: object) -> tuple[type, ...]:
    members = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return tuple(get_origin(member) or member for member in members)


def _named(hint: object) -> str:
    names = {"str": "text", "int": "a whole number", "float": "a number", "Mapping": "an object", "NoneType": "null"}
    return " or ".join(names.get(cls.__name__, cls.__name__) for cls in _classes(hint))
