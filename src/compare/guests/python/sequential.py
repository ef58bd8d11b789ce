"""One connect after the other."""

from guest import connect, main


def scan(endpoints, timeout, _):
    return [connect(endpoint, timeout) for endpoint in endpoints], 1


main(scan)
