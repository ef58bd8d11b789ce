"""portloop from Python: a scan as a generator of results. Uses only the standard library.

    from portloop import scan
    for result in scan("192.0.2.0/28", "22,80,443"):
        if result.state == "open":
            print(result.address, result.port, result.banner)

A generator runs its own libuv loop, one turn at a time, while results are requested. If no more are requested, the scan
does not proceed. Leaving the generator (break, close(), an exception) ends the scan when Python frees the generator; use
contextlib.closing() to be sure that this is at once. Ctrl-C is raised after the current turn of the loop, which takes at
most timeout_ms. The environment variable PORTLOOP_LIBRARY is the path of the shared library, if the system can't find it.

    python3 portloop.py 127.0.0.1 30000-31000
"""
import collections
import ctypes
import ctypes.util
import functools
import os
import signal
import sys
import threading

Result = collections.namedtuple("Result", "address port state reason error attempts rtt_us banner")


class PortloopError(Exception):
    """An invalid option, or a scan that could not start or finish. One line; it quotes the offending word, if any."""


class _Result(ctypes.Structure):
    """struct portloop_result. sockaddr_storage has 128 bytes and the alignment of a pointer."""
    _fields_ = [("size", ctypes.c_size_t), ("address", ctypes.c_uint64 * 16), ("port", ctypes.c_uint16), ("state", ctypes.c_int), ("reason", ctypes.c_int),
                ("error", ctypes.c_int), ("attempts", ctypes.c_uint32), ("rtt_us", ctypes.c_uint64),
                ("banner", ctypes.POINTER(ctypes.c_char)), ("banner_length", ctypes.c_size_t), ("position", ctypes.c_uint64)]


_ON_RESULT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(_Result))
_ON_DONE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
_ON_CLOSED = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_UV_RUN_DEFAULT, _UV_RUN_ONCE = 0, 1


@functools.lru_cache(maxsize=None)
def _load():
    """Returns the library. Symbols of the libuv that it is linked with are found through it, too."""
    portloop = ctypes.CDLL(os.environ.get("PORTLOOP_LIBRARY") or ctypes.util.find_library("portloop") or "libportloop.so.1")
    pointer, text, u32 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32
    for function, result, arguments in (
            ("portloop_options_new", pointer, []), ("portloop_options_free", None, [pointer]),
            ("portloop_options_error", text, [pointer]), ("portloop_options_add_target", ctypes.c_int, [pointer, text]),
            ("portloop_options_set_ports", ctypes.c_int, [pointer, text]), ("portloop_options_set_in_flight", ctypes.c_int, [pointer, u32]),
            ("portloop_options_set_rate", ctypes.c_int, [pointer, ctypes.c_double]),
            ("portloop_options_set_timeout_ms", ctypes.c_int, [pointer, u32]), ("portloop_options_set_retries", ctypes.c_int, [pointer, ctypes.c_int]),
            ("portloop_options_set_banners", ctypes.c_int, [pointer, ctypes.c_int, u32, u32]),
            ("portloop_scan_init", ctypes.c_int, [pointer, ctypes.POINTER(pointer)]),
            ("portloop_scan_start", ctypes.c_int, [pointer, pointer, _ON_RESULT, _ON_DONE]),
            ("portloop_scan_close", None, [pointer, _ON_CLOSED]),
            ("portloop_format_address", ctypes.c_int, [pointer, text, ctypes.c_size_t]),
            ("portloop_state_name", text, [ctypes.c_int]), ("portloop_reason_name", text, [ctypes.c_int]),
            ("uv_loop_size", ctypes.c_size_t, []), ("uv_loop_init", ctypes.c_int, [pointer]), ("uv_loop_close", ctypes.c_int, [pointer]),
            ("uv_run", ctypes.c_int, [pointer, ctypes.c_int]), ("uv_strerror", text, [ctypes.c_int])):
        getattr(portloop, function).restype = result
        getattr(portloop, function).argtypes = arguments
    return portloop


def _run(loop, mode):
    """Runs the loop and defers Ctrl-C meanwhile: an exception raised in a callback from C is lost, and so is the result
    that the callback was called with."""
    held = []
    handler = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if callable(handler):
        signal.signal(signal.SIGINT, lambda *interrupt: held.append(interrupt))
    try:
        _load().uv_run(loop, mode)
    finally:
        if callable(handler):
            signal.signal(signal.SIGINT, handler)
    if held:
        handler(*held[0])


def scan(targets, ports="common", *, in_flight=None, rate=None, timeout_ms=None, retries=None, banners=False):
    """Yields a Result for each port of each target, as soon as it is known. `targets` is a string or several.

    Raises PortloopError before the first result if an option is invalid, and at the end if the scan could not be
    finished.
    """
    portloop = _load()
    found = collections.deque()
    ended = []

    def on_result(_scan, result_pointer):
        result = result_pointer.contents
        text = ctypes.create_string_buffer(64)
        portloop.portloop_format_address(ctypes.addressof(result.address), text, len(text))
        banner = ctypes.string_at(result.banner, result.banner_length) if result.banner else None
        found.append(Result(text.value.decode(), result.port, portloop.portloop_state_name(result.state).decode(),
                            portloop.portloop_reason_name(result.reason).decode(), result.error, result.attempts, result.rtt_us, banner))

    # C calls these objects, so they must live as long as the scan.
    callbacks = _ON_RESULT(on_result), _ON_DONE(lambda _scan, status: ended.append(status)), _ON_CLOSED(lambda _scan: None)
    options = portloop.portloop_options_new()
    if not options:
        raise MemoryError
    loop = ctypes.create_string_buffer(portloop.uv_loop_size())
    handle = ctypes.c_void_p()

    def check(error):
        if error != 0:
            raise PortloopError((portloop.portloop_options_error(options) or portloop.uv_strerror(error)).decode())

    try:
        for target in [targets] if isinstance(targets, str) else targets:
            check(portloop.portloop_options_add_target(options, target.encode()))
        check(portloop.portloop_options_set_ports(options, ports.encode()))
        for setter, value in (("in_flight", in_flight), ("rate", rate), ("timeout_ms", timeout_ms), ("retries", retries)):
            if value is not None:
                check(getattr(portloop, f"portloop_options_set_{setter}")(options, value))
        if banners:
            check(portloop.portloop_options_set_banners(options, 1, 2000, 512))
        check(portloop.uv_loop_init(loop))
        try:
            check(portloop.portloop_scan_init(loop, ctypes.byref(handle)))
            check(portloop.portloop_scan_start(handle, options, callbacks[0], callbacks[1]))
            while not ended or found:
                while found:
                    yield found.popleft()
                if not ended:
                    _run(loop, _UV_RUN_ONCE)
            if ended[0] != 0:
                raise PortloopError(portloop.uv_strerror(ended[0]).decode())
        finally:
            if handle:
                portloop.portloop_scan_close(handle, callbacks[2])
            try:
                _run(loop, _UV_RUN_DEFAULT)
            finally:
                portloop.uv_loop_close(loop)
    finally:
        portloop.portloop_options_free(options)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: portloop.py ADDRESS PORTS")
    try:
        for result in scan(sys.argv[1], sys.argv[2], banners=True):
            if result.state == "open":
                print(result.address, result.port, result.rtt_us, result.banner)
    except PortloopError as error:
        sys.exit(f"portloop.py: {error}")


if __name__ == "__main__":
    main()
