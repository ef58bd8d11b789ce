"""portloop scan --json-schema: the schema accepts what portloop writes, and refuses what it never writes.

usage: result_schema_test.py PORTLOOP
"""

import copy
import json
import unittest

import result_schema
import scan_support as support
from scan_support import COMPLETE

GOOD = {"address": "192.0.2.1", "port": 22, "protocol": "tcp", "state": "open", "reason": "syn-ack", "rtt_us": 310, "attempts": 1,
        "service": "ssh", "host": "web.example", "banner": "SSH-2.0", "time": "2026-11-22T15:26:51.000123Z"}
BAD = [{"address": "example.org"}, {"address": "10.0.0.1%2"}, {"port": 0}, {"port": 65536}, {"port": "22"}, {"protocol": "udp"}, {"state": "Open"},
       {"reason": "conn-refused"}, {"state": "closed"}, {"state": "filtered", "reason": "no-response"}, {"rtt_us": 0}, {"rtt_us": 1.5}, {"attempts": -1},
       {"service": ""}, {"host": ""}, {"banner": ""}, {"time": "2026-11-22 15:26:51"}, {"more": 1}]


class Schema(unittest.TestCase):
    def valid(self, record):
        return result_schema.checker().is_valid(record)

    def test_it_is_the_file_of_the_tree(self):
        status, out, err = support.scan("--json-schema")
        self.assertEqual((status, err), (COMPLETE, ""))
        with open(result_schema.PATH) as file:
            self.assertEqual(out, file.read())

    def test_it_refuses_what_is_never_written(self):
        self.assertTrue(self.valid(GOOD))
        for change in BAD:
            self.assertFalse(self.valid(GOOD | change), change)
        for name in set(GOOD) - {"host", "banner"}:
            record = copy.copy(GOOD)
            del record[name]
            self.assertFalse(self.valid(record), name)

    def test_it_accepts_every_state_and_reason(self):
        without_banner = {name: value for name, value in GOOD.items() if name != "banner"}
        reasons = {"closed": ["conn-refused"], "unknown": ["local-error:EMFILE", "local-error:E123", "no-route", "host-lost", "banned"],
                   "filtered": ["no-response", "port-unreach", "host-unreach", "net-unreach", "proto-unreach", "admin-prohibited"]}
        for state, words in reasons.items():
            for reason in words:
                self.assertTrue(self.valid(without_banner | {"state": state, "reason": reason, "rtt_us": None, "service": None}), reason)
        for address in ("::1", "fe80::1%2", "2001:db8::1", "::ffff:192.0.2.1", "255.255.255.255"):
            self.assertTrue(self.valid(GOOD | {"address": address}), address)

    def test_what_a_scan_writes(self):
        with support.Listeners("127.0.0.1", [40000]):
            status, out, _ = support.scan("-q", "-f", "json", "--show", "all", "-p", "22,40000", "127.0.0.1", "198.18.0.1")
        self.assertEqual(status, support.INCOMPLETE)
        records = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({record["state"] for record in records}, {"open", "closed", "unknown"})
        for record in records:
            result_schema.checker().validate(record)


if __name__ == "__main__":
    if result_schema.jsonschema is None:
        support.skip("the Python module jsonschema")
    support.enter_own_network()
    unittest.main(argv=["result_schema_test"])
