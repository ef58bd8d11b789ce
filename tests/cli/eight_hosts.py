"""Eight addresses of loopback with a dozen listeners each, in the test's own network namespace."""
import resource

from scan_support import listen

ADDRESSES = [f"127.0.0.{host}" for host in range(1, 9)]
PORT_COUNT = 2500
PORTS = f"1-{PORT_COUNT}"


def listen_on_all():
    """Returns the listeners, to be kept, and their endpoints."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    listeners, endpoints = [], set()
    for number, address in enumerate(ADDRESSES):
        for port in range(22 + number, PORT_COUNT, 211):
            listener = listen(address, port, backlog=512)
            assert listener is not None, f"{address}:{port} is taken"
            listeners.append(listener)
            endpoints.add((address, port))
    return listeners, endpoints
