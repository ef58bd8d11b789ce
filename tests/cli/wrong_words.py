"""A wrong word causes one line on stderr that quotes it, exit status 2, and nothing on stdout.

usage: wrong_words.py PORTLOOP
"""

import os
import subprocess
import tempfile
import unittest

import scan_support as support
from scan_support import PORTLOOP, scan

# The word at fault, and the arguments of `portloop scan` that contain it.
WRONG = [
    ("10.0.0.0/33", ["10.0.0.0/33"]),
    ("10.0.0.0/", ["10.0.0.0/"]),
    ("fd00::/129", ["fd00::/129"]),
    ("300.1.1.1", ["300.1.1.1"]),
    ("1.2.3", ["1.2.3"]),
    ("10.0.0.9-3", ["10.0.0.9-3"]),
    ("10.0.0.9-10.0.0.1", ["10.0.0.9-10.0.0.1"]),
    ("0.0.0.0", ["0.0.0.0"]),
    ("::", ["::"]),
    ("fe80::1%nosuchlink", ["fe80::1%nosuchlink"]),
    ("nosuch.invalid", ["nosuch.invalid"]),
    ("70000", ["-p", "70000", "127.0.0.1"]),
    ("70000-", ["-p", "70000-", "127.0.0.1"]),
    ("-0", ["-p", "-0", "127.0.0.1"]),
    ("nosuch*", ["-p", "nosuch*", "127.0.0.1"]),
    ("10.0.1-256.1", ["10.0.1-256.1"]),
    ("10.0.2-1.1", ["10.0.2-1.1"]),
    ("1-255.0-255.0-255.1", ["1-255.0-255.0-255.1"]),
    ("0", ["-p", "0", "127.0.0.1"]),
    ("90-80", ["-p", "90-80", "127.0.0.1"]),
    ("nosuchservice", ["-p", "nosuchservice", "127.0.0.1"]),
    ("22x", ["-p", "22,22x", "127.0.0.1"]),
    ("", ["-p", "", "127.0.0.1"]),
    ("70000", ["--exclude-ports", "70000", "127.0.0.1"]),
    ("300.1.1.1", ["--exclude", "300.1.1.1", "127.0.0.1"]),
    ("nosuch.invalid", ["--exclude", "nosuch.invalid", "127.0.0.1"]),
    ("nosuchoption", ["--nosuchoption", "127.0.0.1"]),
    ("x", ["--timing", "x", "127.0.0.1"]),
    ("x", ["-f", "x", "127.0.0.1"]),
    ("x", ["-o", "x", "127.0.0.1"]),
    ("x", ["-o", "x=file", "127.0.0.1"]),
    ("json=", ["-o", "json=", "127.0.0.1"]),
    ("3/2", ["--shard", "3/2", "127.0.0.1"]),
    ("0/2", ["--shard", "0/2", "127.0.0.1"]),
    ("x", ["--shard", "x", "127.0.0.1"]),
    ("0", ["--rate", "0", "127.0.0.1"]),
    ("-1", ["--rate=-1", "127.0.0.1"]),
    ("nan", ["--rate", "nan", "127.0.0.1"]),
    ("0", ["--timeout", "0", "127.0.0.1"]),
    ("1x", ["--timeout", "1x", "127.0.0.1"]),
    ("s", ["--timeout", "s", "127.0.0.1"]),
    ("0.0001s", ["--timeout", "0.0001s", "127.0.0.1"]),
    ("601s", ["--timeout", "601s", "127.0.0.1"]),
    ("nans", ["--timeout", "nans", "127.0.0.1"]),
    ("10x", ["--rate", "10x", "127.0.0.1"]),
    ("k", ["--rate", "k", "127.0.0.1"]),
    ("14", ["--retries", "14", "127.0.0.1"]),
    ("0", ["--in-flight", "0", "127.0.0.1"]),
    ("-3", ["--loops=-3", "127.0.0.1"]),
    ("many", ["--loops", "many", "127.0.0.1"]),
    ("x", ["--order", "x", "127.0.0.1"]),
    ("-5", ["--seed=-5", "127.0.0.1"]),
    ("x", ["--show", "x", "127.0.0.1"]),
    ("x", ["--progress", "x", "127.0.0.1"]),
    ("x", ["--banners=x", "127.0.0.1"]),
    ("0", ["--banner-timeout", "0", "127.0.0.1"]),
    ("-6", ["-4", "-6", "localhost"]),
    ("/nonexistent/list", ["-i", "/nonexistent/list"]),
    ("/nonexistent/list", ["--exclude-file", "/nonexistent/list", "127.0.0.1"]),
    ("/", ["-i", "/"]),
    ("-p", ["127.0.0.1", "--ports"]),
    ("127.0.0.1", ["--timeout", "127.0.0.1"]),  # the option has taken the target
    ("10.0.0.1:80", ["--exclude", "10.0.0.1:80", "127.0.0.1"]),
    ("-Pn", ["-Pn", "127.0.0.1"]),
    ("---", ["---", "127.0.0.1"]),
]

# What people paste or mistype, and the correction in the message.
MEANT = [
    (["nosuchscheme://10.0.0.1"], "'10.0.0.1:PORT'"),
    (["http://10.0.0.0/24:80/", "http://10.0.0.1-9/"], "several addresses"),
    (["http://10.0.0.1/,http://10.0.0.2/"], "two URLs"),
    (["10.0.0.1:"], "'10.0.0.1:' has no port behind its colon"),
    (["10.0.0.1:80000"], "'80000'"),
    (["10.0.0.1:22", "--order", "sequential"], "a scan with --order sequential has the same ports for all targets"),
    (["10.0.0.1:22", "--shard", "1/2"], "give '-p'"),
    (["10.0.0.1:22", "--discover"], "give '-p'"),
    (["10.0.0.1", "--names"], "'-f list'"),
    (["example.invalid/index.html"], "'example.invalid'"),
    (["root@10.0.0.1"], "'10.0.0.1'"),
    (["10.0.0.1", "80"], "'-p 80'"),
    (["-"], "'-i -'"),
    (["--prots", "80", "10.0.0.1"], "--ports is"),
    (["--port=80", "10.0.0.1"], "--ports is"),
    (["--exclude-prots", "80", "10.0.0.1"], "--exclude-ports is"),
    (["--no-colour", "10.0.0.1"], "--no-color is"),
    (["--retries"], "'--retries' needs a value"),
]


# Habits from nmap, and what the message says to do.
NMAP = [
    (["-sT"], "'-sT' is an option of nmap: TCP connects are what portloop makes, leave it out"),
    (["-sS"], "leave it out"), (["-sU"], "TCP only"), (["-sV"], "--banners"), (["-sC"], "--banners"), (["-A"], "--banners"),
    (["-O"], "leave it out"), (["-sn"], "--discover"), (["-Pn"], "leave it out"), (["-PS22,80"], "--discover"),
    (["-T4"], "leave it out"), (["-n"], "leave it out"), (["-F"], "leave it out"), (["--top-ports", "100"], "leave it out"),
    (["-oX", "net.xml"], "'-o xml=net.xml'"), (["-oG", "net"], "'-o grepable=net'"), (["-oN", "net"], "'-o text=net'"),
    (["-oX", "-p"], "'-o xml=FILE'"), (["-oX", "a b\x1b"], "'-o xml=FILE'"),
    (["-oA", "net"], "'--output-all net'"), (["-iL", "hosts"], "'-i hosts'"),
    (["--open"], "leave it out"), (["--reason"], "--show all"), (["--min-rate", "5"], "leave it out"),
    (["-e", "eth0"], "'--interface eth0'"), (["-S", "10.0.0.1"], "'--source 10.0.0.1'"),
    (["--max-rate=5"], "'--rate 5'"), (["--max-retries", "2"], "'--retries 2'"), (["--host-timeout", "5m"], "--max-time"),
]


class WrongWords(unittest.TestCase):
    def assert_refused(self, done, word):
        status, out, err = done
        self.assertEqual((status, out), (support.USAGE, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.endswith("\n") and err.startswith("portloop: "), err)
        self.assertIn(word, err)

    def test_each_is_refused_in_one_line_that_quotes_it(self):
        for word, line in WRONG:
            with self.subTest(line=line):
                self.assert_refused(scan(*line), word)

    def test_the_message_has_the_correction(self):
        for line, meant in MEANT:
            with self.subTest(line=line):
                self.assert_refused(scan(*line), meant)

    def test_a_habit_from_nmap_gets_the_spelling_of_portloop(self):
        for words, meant in NMAP:
            for line in ([*words, "127.0.0.1"], ["127.0.0.1", "-p", "1", *words]):
                with self.subTest(line=line):
                    self.assert_refused(scan(*line), meant)
                    self.assert_refused(scan(*line), "is an option of nmap: ")

    def test_a_word_like_nothing_known_gets_no_guess(self):
        for word in ("--gently", "--loud", "-x", "--targets"):
            with self.subTest(word=word):
                self.assert_refused(scan(word, "127.0.0.1"), f"'{word}' is not an option: 'portloop scan --help' lists the options")
        for word in ("a:b:c", ":80", "//127.0.0.1", "]:", "["):
            with self.subTest(word=word):
                self.assert_refused(scan(word), "a target is an IPv4 or IPv6 address")

    def test_the_other_commands_refuse_options_alike(self):
        for line, meant in ((["merge", "--overwrit", "x"], "--overwrite is: 'portloop merge --help'"),
                            (["compare", "--export-jso", "x"], "--export-json is: 'portloop compare --help'"),
                            (["merge", "--a\x1bb"], "'--a\\x1bb'")):
            with self.subTest(line=line):
                done = subprocess.run([PORTLOOP, *line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                self.assert_refused((done.returncode, done.stdout, done.stderr), meant)

    def test_words_of_100_kilobytes(self):
        long = 120_000 * "a"
        for line in ([long], ["--" + long], ["-" + long], ["--ports=" + 60_000 * "1," + "x", "127.0.0.1"], ["-p" + long, "127.0.0.1"],
                     ["-o", "json=" + long + "/x", "--checkpoint", long, "127.0.0.1"], ["--resume", long]):
            for command in ("scan", "compare", "merge"):
                with self.subTest(line=[word[:9] for word in line], command=command):
                    done = subprocess.run([PORTLOOP, command, *line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                    self.assertIn(done.returncode, (support.USAGE, support.FAILED), done.stderr[:200])
                    self.assertRegex(done.stderr, r"\Aportloop: [^\n]{1,999}\n\Z")
        status, out, err = scan("-f", "list", "-p" + ",".join(map(str, range(1, 20_000, 2))), "127.0.0.1")
        self.assertEqual((status, out), (support.COMPLETE, ""), err)

    def test_values_in_the_word_of_a_short_option(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "a,b=c")
            for line in (["-p1,3-9", f"-ojson={path}"], ["-qp1,3-9", "-o", f"json={path}"], ["-q4p", "1,3-9", f"-ojson={path}"]):
                with self.subTest(line=line):
                    status, out, err = scan(*line, "--overwrite", "127.0.0.1")
                    self.assertEqual((status, out), (support.COMPLETE, ""), err)
                    if "-q" not in "".join(line):
                        self.assertIn("8 ports", err)
                    self.assertTrue(os.path.exists(path))
            # What follows an option that needs a value is its value.
            with open(os.path.join(folder, "-r5"), "w") as file:
                file.write("127.0.0.1\n")
            status, out, err = scan("-i", "-r5", "-p", "1-9", cwd=folder)
            self.assertEqual((status, out), (support.COMPLETE, ""), err)
            self.assertIn("9 closed", err)

    def test_a_file_that_may_not_be_read(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "targets")
            with open(path, "w") as file:
                file.write("127.0.0.1\n")
            os.chmod(path, 0)
            # Root may read everything unless it gives up these two capabilities.
            as_others = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
            done = subprocess.run([*as_others, PORTLOOP, "scan", "-i", path], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60)
            self.assert_refused((done.returncode, done.stdout, done.stderr), path)

    def test_no_target(self):
        self.assert_refused(scan("-p", "22"), "target")
        self.assertNotIn("-i -", scan("-p", "22")[2])
        with tempfile.TemporaryFile("w+") as targets:
            self.assert_refused(scan("-p", "22", stdin=targets), "'-i -' reads standard input")
        for text in ("", "127.0.0.1\n"):  # a pipe that has ended, or has not been read yet
            done = subprocess.run([PORTLOOP, "scan"], input=text, capture_output=True, text=True, timeout=60)
            self.assert_refused((done.returncode, done.stdout, done.stderr), "'-i -' reads standard input")

    def test_everything_excluded(self):
        self.assert_refused(scan("127.0.0.1", "--exclude", "127.0.0.0/8"), "excluded")
        self.assert_refused(scan("127.0.0.1", "-p", "22", "--exclude-ports", "1-100"), "--exclude-ports")

    def test_an_empty_file_and_one_of_comments_only(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "targets")
            for text in ("", "\n \n", "# nothing here\n"):
                with self.subTest(text=text):
                    with open(path, "w") as file:
                        file.write(text)
                    self.assert_refused(scan("-i", path), path)

    def test_a_wrong_word_in_a_file_is_quoted_with_file_and_line(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "targets.txt")
            for text, line in ((b"10.0.0.0/33", 1), (b"127.0.0.1\r\n\r\n# 1.2.3\r\n10.0.0.1, 10.0.0.0/33\r\n", 4),
                               (b"\xef\xbb\xbf10.0.0.0/33\n", 1)):
                with open(path, "wb") as file:
                    file.write(text)
                for words in (["-i", path], ["--exclude-file", path, "127.0.0.1"], ["-i", "-"]):
                    place = "standard input" if words[-1] == "-" else path
                    with self.subTest(text=text, words=words), open(path) as stdin:
                        self.assert_refused(scan(*words, stdin=stdin), f"portloop: {place}:{line}: '10.0.0.0/33' has a prefix length")
            with open(path, "wb") as file:
                file.write("127.0.0.1\n".encode("utf-16"))
            self.assert_refused(scan("-i", path), "is UTF-16 text")

    def test_a_file_of_windows_is_read(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "targets.txt")
            with open(path, "wb") as file:
                file.write(b"\xef\xbb\xbf127.0.0.1\r\n127.0.0.2\r\n")
            status, out, err = scan("-i", path, "-p", "1", "--show", "all", "-o", "csv=-")
            self.assertEqual(status, support.COMPLETE, err)
            self.assertEqual(sorted(line.split(",")[0] for line in out.splitlines()), ["127.0.0.1", "127.0.0.2", "address"])

    def test_standard_output_has_one_format(self):
        for words in (["-f", "text", "-o", "json=-"], ["-o", "json=-", "-o", "csv=-"]):
            self.assert_refused(scan(*words, "127.0.0.1"), "standard output has a format already")

    def test_a_wrong_word_in_a_file_is_quoted(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "targets")
            with open(path, "wb") as file:
                file.write(b"127.0.0.1\n10.0.0.0/33 # too many\n")
            self.assert_refused(scan("-i", path), "10.0.0.0/33")

    def test_control_characters_of_a_word_never_reach_the_terminal(self):
        for word in ("\x1b[2J\x1b]0;owned\x07", "a\x02b", "\x9b2J", "\u202egnp.exe"):
            for line in ([word], ["-p", word, "127.0.0.1"], ["--" + word], ["--order", word, "127.0.0.1"],
                         ["-o", word, "127.0.0.1"], ["-i", "/nonexistent/" + word], ["127.0.0.1", "--exclude", word]):
                with self.subTest(line=line):
                    status, out, err = scan(*line)
                    self.assertEqual((status, out), (support.USAGE, ""), err)
                    self.assertEqual(err.count("\n"), 1, err)
                    self.assertNotRegex(err, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")

    def test_a_very_long_word_is_not_a_very_long_line(self):
        self.assertLess(len(scan("9" * 100_000)[2]), 1000)

    def test_commands(self):
        for line, word in (([], "portloop --help"), (["scann"], "scann"), (["--nosuch"], "--nosuch"), (["help", "scann"], "scann"),
                           (["-p", "80", "127.0.0.1"], "'portloop scan -p 80 HOST'"), (["myhost"], "'portloop scan myhost'"),
                           (["1.2.3"], "1.2.3"), (["fe80::1%nosuchlink"], "fe80::1%nosuchlink")):
            with self.subTest(line=line):
                done = subprocess.run([PORTLOOP, *line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                self.assert_refused((done.returncode, done.stdout, done.stderr), word)

    def test_help_and_version_fit_a_screen_and_end_well(self):
        for line in (["--help"], ["help"], ["--version"], *([command, "--help"] for command in ("scan", "merge", "compare"))):
            with self.subTest(line=line):
                done = subprocess.run([PORTLOOP, *line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                lines = done.stdout.splitlines()
                self.assertLessEqual(len(lines), 50)
                self.assertLessEqual(max(map(len, lines)), 80)


class Commands(unittest.TestCase):
    def run_portloop(self, *words):
        return subprocess.run([PORTLOOP, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def test_a_target_without_a_command_is_scanned(self):
        for target in ("127.0.0.1", "localhost", "127.0.0.1/32", "::1"):
            with self.subTest(target=target):
                done = self.run_portloop(target, "-p", "1", "-f", "csv", "--show", "all")
                self.assertEqual(done.returncode, support.COMPLETE, done.stderr)
                self.assertIn(",closed,", done.stdout)
        done = self.run_portloop("nosuch.invalid")
        self.assertEqual((done.returncode, "'nosuch.invalid' does not resolve" in done.stderr), (support.USAGE, True), done.stderr)

    def test_help_for_a_command(self):
        for command in ("scan", "merge", "compare"):
            done = self.run_portloop("help", command)
            self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", self.run_portloop(command, "--help").stdout))
            self.assertIn(f"Usage: portloop {command} ", done.stdout)


class Spellings(unittest.TestCase):
    """What is accepted, seen in the list of ports and targets that the formats write."""

    def results(self, *words):
        status, results, err = support.scan_json("--show", "all", *words)
        self.assertEqual(status, support.COMPLETE, err)
        return results

    def test_ranges_without_an_end(self):
        for spec, ports in (("65533-", {65533, 65534, 65535}), ("-3", {1, 2, 3}), ("-2,65534-", {1, 2, 65534, 65535})):
            with self.subTest(spec=spec):
                self.assertEqual({result["port"] for result in self.results("-p", spec, "127.0.0.1")}, ports)

    def test_patterns_of_services(self):
        ports = {result["port"] for result in self.results("-p", "http*", "127.0.0.1")}
        self.assertLess({80, 443, 8080}, ports)
        self.assertNotIn(22, ports)

    def test_ranges_of_octets(self):
        addresses = {result["address"] for result in self.results("-p", "1", "127.0.1-2.1-3")}
        self.assertEqual(addresses, {f"127.0.{third}.{fourth}" for third in (1, 2) for fourth in (1, 2, 3)})

    def test_units(self):
        for words in (["-t", "1s"], ["-t", "500ms"], ["-t", "0.5s"], ["-t", "1m"], ["--banner-timeout", "2s"], ["-r", "10k"], ["-r", "0.5M"]):
            with self.subTest(words=words):
                self.assertEqual(len(self.results("-p", "1", *words, "127.0.0.1")), 1)


class NamesThatFail(unittest.TestCase):
    def test_one_that_fails_among_others_is_reported_and_the_others_are_scanned(self):
        with support.Listeners("127.0.0.1", range(33000, 33100), 1) as listeners:
            port, = listeners.ports
            status, out, err = scan("-f", "list", "-p", str(port), "nosuch.invalid", "127.0.0.1")
        self.assertEqual((status, out), (support.INCOMPLETE, f"127.0.0.1:{port}\n"))
        lines = [line for line in err.splitlines() if "nosuch.invalid" in line]
        self.assertEqual(len(lines), 1, err)


class SeveralAddresses(unittest.TestCase):
    """A private /etc/hosts, through a mount namespace."""

    def in_private_hosts(self, hosts, *words):
        with support.scratch() as folder:
            path = os.path.join(folder, "hosts")
            with open(path, "w") as file:
                file.write(hosts)
            script = 'mount --bind "$0" /etc/hosts && ip link set lo up && exec "$@"'
            done = subprocess.run(["unshare", "-Urnm", "sh", "-c", script, path, PORTLOOP, "scan", *words],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def setUp(self):
        if subprocess.run(["unshare", "-Urnm", "true"], capture_output=True).returncode != 0:
            self.skipTest("network namespaces are forbidden here")

    HOSTS = "127.0.0.2 pair.test\n127.0.0.3 pair.test\n127.0.0.4 single.test\n"

    def addresses(self, out):
        return sorted({line.split(",")[0] for line in out.splitlines()[1:]})

    def test_the_first_is_scanned_and_the_others_are_named(self):
        status, out, err = self.in_private_hosts(self.HOSTS, "-f", "csv", "--show", "all", "-p", "1", "pair.test")
        self.assertEqual((status, self.addresses(out)), (0, ["127.0.0.2"]), err)
        self.assertIn("127.0.0.3", err)

    def test_all_addresses(self):
        status, out, err = self.in_private_hosts(self.HOSTS, "-f", "csv", "--show", "all", "-p", "1", "--all-addresses",
                                                 "pair.test", "single.test")
        self.assertEqual((status, self.addresses(out)), (0, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]), err)

    def test_localhost_is_both_families_whatever_the_hosts_file_has(self):
        both, six = ["127.0.0.1", "::1"], "::1 localhost\n"
        for hosts, words, expected in ((six, [], both), ("127.0.0.1 localhost\n", [], both), ("", [], both), (six, ["-4"], both[:1]),
                                       (six, ["-6"], both[1:]), ("127.0.0.1 localhost\n127.0.0.7 localhost\n", [], [both[0], "127.0.0.7", both[1]])):
            for name in ("localhost", "LocalHost"):
                with self.subTest(hosts=hosts, words=words, name=name):
                    status, out, err = self.in_private_hosts(hosts, "-f", "csv", "--show", "all", "-p", "1", *words, name)
                    self.assertEqual((status, self.addresses(out)), (0, expected), err)
                    self.assertNotIn("has", err)

    def test_the_name_stands_in_the_results(self):
        _, out, _ = self.in_private_hosts(self.HOSTS, "-f", "csv", "--show", "all", "-p", "1", "single.test")
        self.assertIn(",single.test,", out)

    def test_a_name_that_means_this_machine_by_0_0_0_0_is_refused(self):
        status, out, err = self.in_private_hosts("0.0.0.0 blocked.test\n", "-p", "1", "blocked.test")
        self.assertEqual((status, out), (support.USAGE, ""), err)
        self.assertIn("blocked.test", err)


if __name__ == "__main__":
    unittest.main(argv=["wrong_words"])
