"""Feeds a running scan whose input is open from an asynchronous iterable."""
import asyncio
from typing import Any, AsyncIterable, AsyncIterator, Callable, Iterable, Optional, Tuple, Union

from . import _native
from ._driver import Driver
from ._types import U64, Target, number, port_list

# While so many targets wait in the scan, no more are asked for.
_MAX_WAITING = 1000
_POLL_SECONDS = 0.005

Addition = Union[str, Target]


def checked(addition: Addition) -> Tuple[str, Optional[str], int]:
    """What _native.Scan.add() takes."""
    target = Target(addition) if isinstance(addition, str) else addition
    if not isinstance(target, Target) or not isinstance(target.target, str):
        raise TypeError(f"a target must be a string or a portloop.Target, not {addition!r}")
    ports = None if target.ports is None else port_list("ports", target.ports)
    return target.target, ports, number("tag", target.tag, *U64)


async def each(additions: Iterable[Addition]) -> AsyncIterator[Addition]:
    for addition in additions:
        yield addition


def _is_full(native: _native.Scan) -> bool:
    counts = native.stats()
    return counts is not None and counts[-1] > _MAX_WAITING


async def feed(additions: AsyncIterable[Addition], driver: Driver, native: _native.Scan,
               failed: Callable[[], Optional[Callable[[Exception], None]]]) -> None:
    """Adds all, then finishes the input. An exception of theirs, or of a target that is refused, goes to what `failed` returns.

    Does not refer to the Scan, which may be collected meanwhile, and then cancels this.
    """
    iterator = additions.__aiter__()
    try:
        async for addition in iterator:
            if native.done:
                return
            native.add(*checked(addition))
            driver.hurry()
            while _is_full(native) and not native.done:
                await asyncio.sleep(_POLL_SECONDS)
    except _native.PortloopError:
        return  # the scan was stopped meanwhile, or ends for a reason that it reports itself
    except Exception as error:
        report = failed()
        if report is not None:
            report(error)
        return
    finally:
        await _close(iterator)
    native.finish()
    driver.hurry()


async def _close(iterator: Any) -> None:
    """A generator that is left early ends now, not when it is collected."""
    if hasattr(iterator, "aclose"):
        await iterator.aclose()
