"""Checks results against docs/result.schema.json, for every test that reads some."""

import json
import os

try:
    import jsonschema
except ImportError:
    jsonschema = None  # result_schema_test.py reports it

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "result.schema.json")
MOST_CHECKS = 100  # of records that differ in numbers and texts only: a check takes about 0.2 ms

checked = {}


def load_schema():
    with open(PATH) as file:
        return json.load(file)


def checker():
    jsonschema.Draft202012Validator.check_schema(load_schema())
    return jsonschema.Draft202012Validator(load_schema())


validator = None


def check_record(record):
    """Raises jsonschema.ValidationError if it is no result. Returns it."""
    global validator
    if jsonschema is None:
        return record
    validator = validator or checker()
    if isinstance(record, dict):
        shape = tuple((name, value if name in ("state", "reason", "protocol") else type(value)) for name, value in record.items())
        checked[shape] = checked.get(shape, 0) + 1
        if checked[shape] > MOST_CHECKS:
            return record
    validator.validate(record)
    return record


def read_record(line):
    """One line of JSON."""
    return check_record(json.loads(line))
