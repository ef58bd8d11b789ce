"""Checks the types of a scan's options. Values are checked by portloop."""
from typing import AsyncIterable, Iterable, Optional, Tuple, Union

from . import _native
from ._feed import Addition, checked, each
from ._types import I32, U32, U64, Banners, Group, Ports, number, port_list

Words = Union[str, Iterable[str]]
Targets = Union[str, Iterable[Addition], AsyncIterable[Addition]]

NUMBERS = {
    "in_flight": U32, "timeout_ms": U32, "stop_after": U32, "retries": I32, "seed": U64, "loops": U32, "dscp": I32, "mark": U32,
}


def words(name: str, value: Words) -> "list[str]":
    found = [value] if isinstance(value, str) else list(value)
    for word in found:
        if not isinstance(word, str):
            raise TypeError(f"{name} must be a string or several, not {word!r}")
    return found


def choice(name: str, value: str, choices: Tuple[str, ...]) -> int:
    if value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, not {value!r}")
    return choices.index(value)


def set_targets(options: _native.Options, targets: Targets) -> Optional[AsyncIterable[Addition]]:
    """Sets them, or returns those that have to be added while the scan runs."""
    if isinstance(targets, AsyncIterable):
        return targets
    listed: "list[Addition]" = [targets] if isinstance(targets, str) else list(targets)
    for addition in listed:
        if not isinstance(addition, (str, tuple)):
            raise TypeError(f"targets must be a string or several, not {addition!r}")
    if all(isinstance(addition, str) for addition in listed):
        for word in listed:
            options.set("targets", str(word))
        return None
    trial = _native.Options()  # all of them are checked before anything is sent
    for addition in listed:
        target, ports, _ = checked(addition)
        trial.set("targets", target)
        if ports is not None:
            trial.set("ports", ports)
    return each(listed)


def set_banners(options: _native.Options, banners: Union[bool, str, Banners]) -> None:
    if not banners:
        return
    asked = banners if isinstance(banners, Banners) else Banners(banners if isinstance(banners, str) else "read")
    options.set("banners", choice("banners", asked.kind, ("none", "read", "http")),
                number("banners", asked.timeout_ms, *U32), number("banners", asked.max_bytes, *U32))


def set_ports(options: _native.Options, ports: Ports, exclude: Ports) -> None:
    options.set("ports", port_list("ports", ports))
    excluded = port_list("exclude_ports", exclude)
    if excluded:
        options.set("exclude_ports", excluded)


def set_group(options: _native.Options, group: Optional[Group]) -> None:
    if group is None:
        return
    if not isinstance(group, Group):
        raise TypeError(f"group must be a portloop.Group, not {group!r}")
    group._native.apply(options)
