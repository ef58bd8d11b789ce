"""A pool of threads: thread_pool.py THREADS."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from guest import connect, main


def scan(endpoints, timeout, _):
    with ThreadPoolExecutor(max_workers=int(sys.argv[1])) as pool:
        outcomes = list(pool.map(lambda endpoint: connect(endpoint, timeout), endpoints))
        return outcomes, threading.active_count()


main(scan)
