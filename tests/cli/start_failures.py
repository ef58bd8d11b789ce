"""A scan that can't be started ends with one line and exit status 1, whatever call has failed; none hangs.

usage: start_failures.py PORTLOOP
"""

import errno
import sys
import unittest

import scan_support as support
from scan_support import COMPLETE, FAILED, scan

ONE_LINE = r"\Aportloop: the (scan|event loop) can't be (started|created): [^\n]+\n\Z"


class StartFailures(unittest.TestCase):
    def check_failed(self, status, out, err):
        self.assertEqual((status, out), (FAILED, ""), err)
        self.assertRegex(err, ONE_LINE)

    def test_each_call_of_the_start(self):
        for loops in ("1", "2"):
            for call, codes in {"epoll_create1": [errno.EMFILE, errno.ENFILE, errno.ENOMEM],
                                "epoll_ctl": [errno.ENOMEM, errno.ENOSPC, errno.EPERM],
                                "eventfd": [errno.EMFILE, errno.ENOMEM],
                                "pthread_create": [errno.EAGAIN]}.items():
                for code in codes:
                    failed = 0
                    for number in range(1, 2 if call == "epoll_ctl" else 5):  # libuv itself aborts if a later one fails
                        with self.subTest(call=call, code=errno.errorcode[code], number=number, loops=loops):
                            status, out, err = scan("--loops", loops, "-p", "1-9", "127.0.0.1",
                                                    env=support.failing(f"{call}:{number}:{code}"))
                            if status == COMPLETE:  # the call is made later, or not so often
                                self.assertIn("9 closed", err)
                            else:
                                failed += 1
                                self.check_failed(status, out, err)
                    if call != "pthread_create" or loops == "2":
                        self.assertGreater(failed, 0)

    def test_16_loops_and_no_thread_for_all_of_them(self):
        self.check_failed(*scan("--loops", "16", "-p", "1-99", "127.0.0.1", env=support.failing(f"pthread_create:6+:{errno.EAGAIN}")))

    def test_few_descriptors(self):
        for loops in ("1", "8"):
            ended = set()
            for limit in range(7, 30):
                with self.subTest(limit=limit, loops=loops):
                    status, out, err = scan("--loops", loops, "-p", "1-20", "127.0.0.1", preexec_fn=support.descriptor_limit(limit))
                    ended.add(status)
                    if status == COMPLETE:
                        self.assertIn("20 closed", err)
                    else:
                        self.check_failed(status, out, err)
            self.assertEqual(ended, {FAILED, COMPLETE})


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["start_failures", *sys.argv[2:]])
