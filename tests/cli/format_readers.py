"""Reads the output of five formats into one shape: {(address, port): state}."""
import csv
import re
import xml.etree.ElementTree as ElementTree

from result_schema import read_record


def once(pairs):
    """A dictionary of the pairs. A key that appears twice is an error."""
    result = {}
    for key, value in pairs:
        assert key not in result, f"{key} appears twice"
        result[key] = value
    return result


def read_json(text):
    assert text == "" or text.endswith("\n"), "the last line is incomplete"
    lines = [read_record(line) for line in text.splitlines()]
    return once(((line["address"], line["port"]), line["state"]) for line in lines)


def read_csv(text):
    rows = csv.DictReader(text.split("\r\n")[:-1])
    return once(((row["address"], int(row["port"])), row["state"]) for row in rows)


def read_list(text):
    return once(((line.split(":")[0], int(line.split(":")[1])), "open") for line in text.splitlines())


def ranges(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def read_xml(text):
    pairs = []
    for host in ElementTree.fromstring(text).iter("host"):
        address = host.find("address").get("addr")
        pairs += [((address, int(port.get("portid"))), port.find("state").get("state")) for port in host.iter("port")]
        for extra in host.iter("extraports"):
            for reason in extra.iter("extrareasons"):
                pairs += [((address, port), extra.get("state")) for port in ranges(reason.get("ports"))]
    assert ElementTree.fromstring(text).find("runstats") is not None
    return once(pairs)


def read_grepable(text):
    """Open ports, and (address, state) -> the number of ports that are only counted."""
    pairs = []
    for line in text.splitlines():
        if "\tPorts: " in line or "Ignored State" in line:
            address = line.split()[1]
            for port in re.findall(r"(\d+)/open/tcp", line):
                pairs.append(((address, int(port)), "open"))
            for state, count in re.findall(r"Ignored State: (\w+) \((\d+)\)", line):
                pairs.append(((address, state), int(count)))
    return once(pairs)
