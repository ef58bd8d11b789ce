#!/usr/bin/env python3
"""The table of constants in docs/accuracy.md has the values that the code has, and every constant that the page names.

usage: docs_figures.py SOURCE_DIR
"""
import ast
import operator
import pathlib
import re
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
PAGE = "docs/accuracy.md"

# `constexpr TYPE name = VALUE;`, also `static constexpr` inside a class.
DEFINITION = re.compile(r"\bconstexpr\s+[\w:<>]+\s+(\w+)\s*=\s*([^;]+);")
ROW = re.compile(r"\| `(\w+)` \| (\S.*?) \| `(src/\w+)` \|")
# As code names them: lower case, with an underscore.
NAMED = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`|\b(prior_[a-z]+)\b")

MICROSECONDS = {"us": 1, "ms": 1000, "s": 1_000_000}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
             ast.LShift: operator.lshift}


def value_of(expression):
    """The value of a C++ constant expression of literals, or None if it has anything else."""
    text = re.sub(r"(?<=\d)'(?=\d)", "", expression)
    text = re.sub(r"\b\w+\{([^{}]*)\}", r"(\1)", text)
    text = re.sub(r"\b([\d.]+)[uUlLfF]+\b", r"\1", text)

    def evaluate(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))
        raise ValueError(expression)

    try:
        return evaluate(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def quoted_value(name, text):
    """A number as the page writes it: 1,024, 2^21, 0.001; with a unit if the constant is a time."""
    match = re.fullmatch(r"(?:2\^(\d+)|([\d,]+(?:\.\d+)?))(?: (us|ms|s))?", text)
    if not match:
        return None
    exponent, number, unit = match.groups()
    if (unit is not None) != name.endswith("_us"):
        return None
    return (2 ** int(exponent) if exponent else float(number.replace(",", ""))) * MICROSECONDS.get(unit, 1)


def definitions():
    """Each constant's values and places: name -> [(value, file)]."""
    found = {}
    for path in sorted((SOURCE / "src").glob("**/*.[ch]pp")):
        for name, expression in DEFINITION.findall(path.read_text(encoding="utf-8")):
            value = value_of(expression)
            if value is not None:
                found.setdefault(name, []).append((value, path.relative_to(SOURCE).as_posix()))
    return found


def main():
    text = (SOURCE / PAGE).read_text(encoding="utf-8")
    prose, _, table = text.partition("\n## Constants\n")
    rows = ROW.findall(table)
    wrong = []
    if len(rows) < 20:
        wrong.append(f"only {len(rows)} rows were found: this test no longer reads the table")
    if len(rows) != table.count("\n| `"):
        wrong.append("a row of the table is not of the form | `name` | value | `src/folder` |")
    known = definitions()
    listed = [name for name, _, _ in rows]
    for name, quoted, folder in rows:
        value = quoted_value(name, quoted)
        if value is None:
            wrong.append(f"{name}: \"{quoted}\" is not a number; a time (_us) has a unit (us, ms, s), nothing else has one")
        elif name not in known:
            wrong.append(f"{name}: src/ has no definition `constexpr TYPE {name} = VALUE;`")
        elif not any(place.startswith(folder + "/") for _, place in known[name]):
            wrong.append(f"{name}: not defined in {folder} but in {', '.join(place for _, place in known[name])}")
        else:
            wrong += [f"{name}: the page has {quoted}, {place} has {actual}"
                      for actual, place in known[name] if abs(actual - value) > 1e-12 * abs(value)]
    wrong += [f"{name}: the table has it more than once" for name in sorted(set(listed)) if listed.count(name) > 1]
    named = {first or second for first, second in NAMED.findall(prose)}
    wrong += [f"{name}: the page names it, the table does not list it" for name in sorted(named - set(listed))]
    wrong += [f"{name}: the table lists it, the page does not name it" for name in sorted(set(listed) - named)]
    if wrong:
        sys.exit("\n".join(f"{PAGE}: {line}" for line in wrong))


if __name__ == "__main__":
    main()
