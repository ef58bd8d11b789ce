"""With any bytes from a server, each format stays parseable, has no raw control bytes, and preserves the bytes.

usage: output_hostile.py FORMAT_RESULTS
"""

import csv
import io
import random
import re
import unicodedata
import unittest
import xml.etree.ElementTree as xml

from result_schema import read_record
from results import Result, formatted, original

SEED = 20261122

NAMED = [
    b"\x1b]0;owned\x07\x1b[2J\x1b[31mred",      # terminal escapes
    b"\x9b31m\xc2\x9b31m",                       # C1, as a byte and as UTF-8
    b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",     # overlong slashes
    b"\xed\xa0\x80\xed\xbf\xbf",                 # surrogates
    b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80",     # above U+10FFFF
    b"cut \xe2\x82", b"cut \xf0\x9f\x98", b"\x80", b"\xff\xfe",
    "\u202egpj.exe \u2066x\u2069 \u200b\ufeff\u2028\u2029\u00ad".encode(),
    "\ufdd0\ufffe\U0001ffff\U000e0041".encode(),
    "Grüße, 世界 😀".encode(),
    b"=cmd|' /C calc'!A0", b"+1", b"-1", b"@SUM(1)", b"\t=1", b"\r=1", b"'quoted", b'a,"b"', b" edge ", b"\n",
    b"]]><!--</port></host><script>&amp;&#0;\"'", b"--", b"<?xml?>",
    b'","state":"open","x":"', b"\\", b"\\x41 \\\\x41 \\u0041", b"\r\n220 x\r\n", b"\x00", b"\x7f",
    b"22/open/tcp//ssh///, 23/open/tcp//telnet///\tIgnored State: closed (1)", b"a/b", b"(x)",
]


def hostile_texts():
    """Each byte alone, each byte inside words, each named attack, and 600 random mixes of their pieces."""
    texts = [bytes([byte]) for byte in range(256)] + [b"a" + bytes([byte]) + b"z" for byte in range(256)] + NAMED
    chance = random.Random(SEED)
    for _ in range(600):
        pieces = []
        for _ in range(chance.randint(1, 6)):
            pieces.append(chance.choice([
                lambda: chance.choice(NAMED),
                lambda: chance.randbytes(chance.randint(1, 12)),
                lambda: chr(chance.choice([chance.randrange(0x20, 0xd800), chance.randrange(0xe000, 0x110000)]))
                .encode(),
            ])())
        text = b"".join(pieces)
        cut = chance.randint(1, len(text))
        texts.append(text[:cut])
    return texts


TEXTS = hostile_texts()
RESULTS = [Result(port=1 + i, banner=text, service=b"x" + text, host=b"h" + text) for i, text in enumerate(TEXTS)]


def cells_of(rows):
    """CSV cells as bytes, without the guarding apostrophe, which is always the writer's."""
    return [original(cell[1:] if cell.startswith("'") else cell) for row in rows for cell in row]


class Hostile(unittest.TestCase):
    def check_safe(self, out, line_ends):
        """Checks for valid UTF-8 without characters that a terminal or an editor interprets."""
        text = out.decode("utf-8")
        for end in line_ends:
            text = text.replace(end, "")
        for character in set(text):
            self.assertNotIn(unicodedata.category(character), ("Cc", "Cs", "Zl", "Zp"), repr(character))
            self.assertNotRegex(character, "[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef]")
            self.assertLess(ord(character) & 0xFFFF, 0xFFFE, repr(character))

    def test_text(self):
        out = formatted("text", RESULTS)
        self.check_safe(out, ["\n"])
        self.assertEqual(out.count(b"\n"), len(RESULTS) + 1)
        self.assertNotIn(b" \n", out)

    def test_json(self):
        out = formatted("json", RESULTS)
        self.check_safe(out, ["\n"])
        records = [read_record(line) for line in out.decode().split("\n")[:-1]]
        self.assertEqual([original(r["banner"]) for r in records], TEXTS)
        self.assertEqual([original(r["service"]) for r in records], [b"x" + text for text in TEXTS])
        self.assertEqual([original(r["host"]) for r in records], [b"h" + text for text in TEXTS])

    def test_csv(self):
        out = formatted("csv", RESULTS)
        self.check_safe(out, ["\r\n"])
        rows = list(csv.reader(io.StringIO(out.decode(), newline=""), strict=True))
        self.assertEqual({len(row) for row in rows}, {15})
        self.assertEqual(cells_of(row[9:10] for row in rows[1:]), TEXTS)
        for row in rows:
            for cell in row:
                self.assertNotRegex(cell, r"\A[=+\-@\t\r]")

    def test_xml(self):
        out = formatted("xml", RESULTS, command=b"".join(NAMED))
        self.check_safe(out, ["\n"])
        root = xml.fromstring(out)
        self.assertEqual([original(s.get("output")) for s in root.iter("script")], TEXTS)
        self.assertEqual([original(s.get("name")) for s in root.iter("service")], [b"x" + text for text in TEXTS])
        self.assertEqual(original(root.find("host/hostnames/hostname").get("name")), b"h" + TEXTS[0])
        self.assertEqual(original(root.get("args")), b"".join(NAMED))

    def test_xml_survives_every_host_name(self):
        several = [Result(address=f"10.0.{i >> 8}.{i & 255}", host=text) for i, text in enumerate(TEXTS)]
        root = xml.fromstring(formatted("xml", several, ports="22", per_host=1))
        self.assertEqual([original(h.get("name")) for h in root.iter("hostname")], TEXTS)

    def test_grepable(self):
        out = formatted("grepable", RESULTS, command=b"".join(NAMED))
        self.check_safe(out, ["\n", "\t"])
        lines = out.decode().split("\n")
        self.assertEqual(len(lines), 6, "two comments, two lines for the one host, one comment, the end")
        fields = lines[3].split("\t")
        self.assertEqual(len(fields), 2)
        self.assertTrue(fields[1].startswith("Ports: "))
        ports = [port.split("/") for port in fields[1][len("Ports: "):].split(", ")]
        self.assertEqual({len(port) for port in ports}, {8}, "seven subfields, each ended by a slash")
        self.assertEqual([original(port[6]) for port in ports], TEXTS)

    def test_grepable_survives_every_host_name(self):
        several = [Result(address=f"10.0.{i >> 8}.{i & 255}", host=text) for i, text in enumerate(TEXTS)]
        lines = formatted("grepable", several, ports="22", per_host=1).decode().split("\n")[2:-2:2]
        names = [re.fullmatch(r"Host: [0-9.]+ \(([^()\t]*)\)\tStatus: Up", line)[1] for line in lines]
        self.assertEqual([original(name) for name in names], TEXTS)

    def test_list(self):
        out = formatted("list", RESULTS)
        self.assertEqual(out, b"".join(b"192.0.2.1:%d\n" % r.port for r in RESULTS))


if __name__ == "__main__":
    unittest.main(argv=["output_hostile"])
