#!/usr/bin/env python3
"""portloop(3) has every function of portloop.h, with its arguments, once in the synopsis, and describes each.

usage: manual.py SOURCE_DIR
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
FUNCTION = re.compile(r"^PORTLOOP_API ([^;(]*?)\b(portloop_\w+)\(([^;]*?)\);", re.MULTILINE)


def words(*texts):
    """Without the spaces, which both write as their styles want it."""
    return tuple(re.sub(r"\s+", "", text) for text in texts)


header = (SOURCE / "include/portloop/portloop.h").read_text()
page = (SOURCE / "docs/man/portloop.3").read_text()
declared = {name: words(kind, arguments) for kind, name, arguments in FUNCTION.findall(header)}
synopsis, description = page.split(".Sh DESCRIPTION")
listed = {name: words(kind, arguments.replace('" "', ",").replace('"', ""))
          for kind, name, arguments in re.findall(r'^\.Ft "?([^"\n]*)"?\n\.Fn (\w+) (.*)$', synopsis, re.MULTILINE)}
wrong = [f"portloop.3: the synopsis of {name} is {listed.get(name)}, in portloop.h it is {declared.get(name)}"
         for name in sorted(declared.keys() | listed.keys()) if declared.get(name) != listed.get(name)]
wrong += [f"portloop.3: {name} is not described" for name in sorted(declared) if not re.search(rf"Fn {name}\b", description)]
if len(declared) < 35:
    wrong.append(f"only {len(declared)} functions were found in portloop.h: this test no longer reads it")
if wrong:
    sys.exit("\n".join(wrong))
