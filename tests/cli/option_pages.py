"""Every option, output format, model and lab statement is in the help, the pages and the completions that concern it, and
the man pages have no warnings.

usage: option_pages.py PORTLOOP PORTLOOP_LAB DOCS
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PORTLOOP, LAB, DOCS = sys.argv[1:4]
COMMANDS = ["scan", "diff", "explain", "watch"]  # whose options are completed


def read(*path):
    with open(os.path.join(DOCS, *path)) as file:
        return file.read()


def help_of(*words):
    return subprocess.run([*words, "--help"], capture_output=True, text=True, check=True).stdout


def refusal_of(*words, program=PORTLOOP):
    """What the program prints about a wrong word."""
    done = subprocess.run([program, *words], capture_output=True, text=True)
    assert done.returncode == 2, done
    return done.stderr.strip()


def long_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text)) - {"version"}


def short_options(text):
    return set(re.findall(r"(?<![\w-])-([a-zA-Z46])(?![\w-])", text))


class Pages(unittest.TestCase):
    def test_options(self):
        self.assertGreater(len(long_options(help_of(PORTLOOP, "scan"))), 25)
        man, zsh, bash, fish = (read("man", "portloop.1"), read("completions", "_portloop"),
                                read("completions", "portloop.bash"), read("completions", "portloop.fish"))
        for command in COMMANDS:
            text = help_of(PORTLOOP, command)
            of_fish = "".join(line for line in fish.splitlines(keepends=True) if re.search(rf"from [a-z ]*\b{command}\b", line))
            of_zsh = zsh.split(f"\n{command})\n")[1].split("\n  ;;")[0]
            for option in sorted(long_options(text)):
                with self.subTest(command=command, option=option):
                    self.assertRegex(man, rf"Fl -{option}\b")
                    self.assertRegex(bash, rf"--{option}\b")
                    self.assertRegex(of_zsh, rf"--{option}\b")
                    self.assertRegex(of_fish, rf"-l {option}\b")
            for option in sorted(short_options(text)):
                with self.subTest(command=command, option=option):
                    self.assertRegex(man, rf"Fl {option}\b")
                    self.assertRegex(bash, rf"[ \n]-{option}\b")
                    self.assertRegex(of_zsh, rf"-{option}\b")
                    self.assertRegex(of_fish, rf"-s {option}\b")

    def test_help_fits_80_columns(self):
        for command in COMMANDS:
            for line in help_of(PORTLOOP, command).splitlines():
                self.assertLessEqual(len(line), 80, f"{command} --help: {line}")

    def test_completions_have_no_option_that_no_command_has(self):
        known = set().union(*(long_options(help_of(PORTLOOP, command)) for command in COMMANDS))
        known |= long_options(help_of(LAB)) | {"help", "version"}
        fish = set(re.findall(r"-l ([a-z-]+)", read("completions", "portloop.fish")))
        for name, options in (("bash", long_options(read("completions", "portloop.bash"))),
                              ("zsh", long_options(read("completions", "_portloop"))), ("fish", fish)):
            self.assertEqual(options - known, set(), name)

    def test_the_man_page_lists_the_common_ports(self):
        section = read("man", "portloop.1").split(".Sh COMMON PORTS\n")[1].split("\n.Sh")[0]
        listed = section.split(".Pp\n")[1].replace("\n", " ").replace(" ", "")
        # In a network without a link nothing is sent, and the format still lists the ports.
        done = subprocess.run(["unshare", "-Urn", PORTLOOP, "scan", "-q", "-f", "grepable", "127.0.0.1"], capture_output=True, text=True)
        if "unshare" in done.stderr:
            self.skipTest("lacks network namespaces: " + done.stderr.strip())
        count, ports = re.search(r"# Ports scanned: TCP\((\d+);([0-9,-]+)\)", done.stdout).groups()
        self.assertEqual(listed, ports)
        self.assertIn(f"stands for {count} ports", section)

    def test_formats(self):
        known = refusal_of("scan", "-f", "?", "127.0.0.1").split("is not known: ")[1].split(", ")
        self.assertGreater(len(known), 5)
        pages = {"scan --help": help_of(PORTLOOP, "scan"), "merge --help": help_of(PORTLOOP, "merge"),
                 "formats.md": read("formats.md"), "portloop.1": read("man", "portloop.1")}
        pages |= {name: read("completions", name) for name in ("_portloop", "portloop.bash", "portloop.fish")}
        for name, text in pages.items():
            for known_format in known:
                self.assertRegex(text, rf"\b{known_format}\b", f"{name} does not have the format {known_format}")

    def test_models(self):
        accepted = refusal_of("compare", "--models", "?", "127.0.0.1").split("is not known: ")[1]
        known = [re.match("[a-z/-]+", word)[0] for word in re.split(", | and ", accepted)]
        self.assertEqual(known[-1], "loop/uv")
        self.assertGreater(len(known), 5)
        pages = {"compare --help": help_of(PORTLOOP, "compare"), "comparing.md": read("comparing.md"),
                 "portloop.1": read("man", "portloop.1")}
        for name, text in pages.items():
            for model in known:
                self.assertRegex(text, rf"(?<![\w-]){model}\b", f"{name} does not have the model {model}")

    def test_guests(self):
        accepted = refusal_of("compare", "--guests", "?", "127.0.0.1").split("is not known: ")[1]
        known = [re.match("[a-z/-]+", word)[0] for word in re.split(", | and ", accepted)]
        self.assertEqual((known[0], known[-1], len(known)), ("auto", "rust/tokio", 10))
        for name, text in {"comparing.md": read("comparing.md"), "portloop.1": read("man", "portloop.1")}.items():
            for guest in known:
                self.assertRegex(text, rf"(?<![\w-]){guest}\b", f"{name} does not have the guest {guest}")

    def test_lab_options(self):
        man = read("man", "portloop-lab.1")
        for option in sorted(long_options(help_of(LAB))):
            self.assertRegex(man, rf"Fl -{option}\b")

    def test_lab_statements(self):
        with tempfile.NamedTemporaryFile("w") as profile:
            profile.write("?\n")
            profile.flush()
            refusal = refusal_of(profile.name, "--truth", "10.0.0.1", "-p", "1", program=LAB)
        known = refusal.split("a line begins with ")[1].split(", ")
        self.assertGreater(len(known), 10)
        page = read("lab.md")
        for statement in known:
            self.assertRegex(page, rf"(?m)(?:^ +|`){statement}\b", f"lab.md does not have the statement {statement}")

    def test_bash_completes(self):
        script = ". '%s'; COMP_WORDS=(portloop %s); COMP_CWORD=2; _portloop; echo \"${COMPREPLY[*]}\""
        path = os.path.join(DOCS, "completions", "portloop.bash")
        for words, completed in (("scan --stop", "--stop-after"), ("diff --comp", "--complete"), ("explain --tr", "--tries"), ("watch --prom", "--prometheus")):
            done = subprocess.run(["bash", "-c", script % (path, words)], capture_output=True, text=True, check=True)
            self.assertEqual((done.stdout, done.stderr), (completed + "\n", ""))

    def test_man_pages_have_no_warning(self):
        if shutil.which("man") is None:
            self.skipTest("lacks the program man")
        for page in os.listdir(os.path.join(DOCS, "man")):
            with self.subTest(page=page):
                done = subprocess.run(["man", "--warnings", "-l", os.path.join(DOCS, "man", page)], capture_output=True,
                                      text=True, env=os.environ | {"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("DESCRIPTION", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=["option_pages"])
