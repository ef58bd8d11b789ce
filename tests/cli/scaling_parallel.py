"""examples/scaling/parallel.sh with a real GNU parallel on this machine; a shard that is missing is scanned again."""
import os
import shutil
import subprocess
import sys
import tempfile

from eight_hosts import ADDRESSES, PORT_COUNT, PORTS, listen_on_all
from format_readers import read_json
from scan_support import enter_own_network, skip


def main():
    if shutil.which("parallel") is None or "GNU" not in subprocess.run(["parallel", "--version"], capture_output=True, text=True).stdout:
        skip("GNU parallel")
    enter_own_network()
    portloop, script = map(os.path.abspath, sys.argv[1:3])
    listeners, opened = listen_on_all()
    with tempfile.TemporaryDirectory() as directory:
        results = os.path.join(directory, "a scan")
        environment = {**os.environ, "DIRECTORY": results, "PARTS": "3", "PORTLOOP": portloop, "HOME": directory}

        def run(*words):
            return subprocess.run([script, *words], capture_output=True, text=True, env=environment, timeout=100)

        done = run("-p", PORTS, "--show", "all", "127.0.0.1-8")
        assert done.returncode == 0, done
        merged = read_json(open(os.path.join(results, "result.json")).read())
        assert len(merged) == len(ADDRESSES) * PORT_COUNT, len(merged)
        assert {endpoint for endpoint, state in merged.items() if state == "open"} == opened
        for shard in (1, 2, 3):
            assert f"shard {shard}/3" in done.stderr, done.stderr
        # If one shard is missing, it is scanned again, and the others are not.
        for kind in ("json", "checkpoint"):
            os.remove(os.path.join(results, f"2.{kind}"))
        done = run("-p", PORTS, "--show", "all", "127.0.0.1-8")
        assert done.returncode == 0 and done.stderr.count("nothing is left") == 2 and "shard 2/3" in done.stderr, done
        assert read_json(open(os.path.join(results, "result.json")).read()) == merged
        # --shard auto with the variables that parallel exports.
        done = subprocess.run(["parallel", "--jobs", "2", f"{portloop} scan -p {PORTS} --shard auto -f list {{}}", ":::", "127.0.0.1", "127.0.0.1"],
                              capture_output=True, text=True, env={**environment, "PORTLOOP_SHARD_COUNT": "2"}, timeout=60)
        assert done.returncode == 0, done
        assert sorted(done.stdout.split()) == sorted(f"127.0.0.1:{port}" for address, port in opened if address == "127.0.0.1"), done
    return 0


sys.exit(main())
