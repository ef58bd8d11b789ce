"""examples/scaling/slurm.sh as an array in a real Slurm of one node: controller and node in a network namespace.

slurmctld and slurmd drop supplementary groups, which a user namespace forbids: this needs root itself.
"""
import os
import subprocess
import sys
import tempfile
import time

from eight_hosts import ADDRESSES, PORT_COUNT, PORTS, listen_on_all
from format_readers import read_json
from scan_support import need_programs, skip

CONFIGURATION = """\
ClusterName=portloop
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
SlurmctldPort=36817
SlurmdPort=36818
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def enter():
    """Restarts this script in its own network and mount namespaces, but not in a user namespace."""
    if os.environ.get("PORTLOOP_TEST_NETWORK") == "own":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # Slurm calls getaddrinfo() with AI_ADDRCONFIG, which ignores loopback.
        for words in ("link add s0 type veth peer name s1", "address add 10.99.0.1/24 dev s0", "link set s0 up"):
            if subprocess.run(["ip", *words.split()], capture_output=True).returncode != 0:
                skip("veth interfaces")
        return
    need_programs("slurmctld", "slurmd", "sbatch", "scontrol", "unshare", "ip")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-nm", "true"], capture_output=True).returncode != 0:
        skip("root, which Slurm's daemons need")
    os.environ["PORTLOOP_TEST_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "-nm", sys.executable] + sys.argv)


def wait_for_node(daemons):
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        for daemon in daemons:
            if daemon.poll() is not None:
                return False
        state = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True, timeout=20).stdout.strip()
        if state == "idle":
            return True
        time.sleep(0.2)
    return False


def main():
    enter()
    portloop, script = map(os.path.abspath, sys.argv[1:3])
    listeners, opened = listen_on_all()
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        for name in ("state", "spool"):
            os.mkdir(os.path.join(directory, name))
        configuration = os.path.join(directory, "slurm.conf")
        with open(configuration, "w") as out:
            out.write(CONFIGURATION.format(host=os.uname().nodename.split(".")[0], directory=directory, processors=os.cpu_count()))
        os.environ["SLURM_CONF"] = configuration
        log = open(os.path.join(directory, "log"), "w+")
        daemons = [subprocess.Popen([name, "-D"], stdout=log, stderr=log) for name in ("slurmctld", "slurmd")]
        try:
            if not wait_for_node(daemons):
                log.seek(0)
                print(log.read()[-3000:])
                skip("a system on which Slurm's daemons start")
            results = os.path.join(directory, "results")
            os.environ.update(DIRECTORY=results, PORTLOOP=portloop)
            # Indices from 3 in steps of 2: shards 1, 2 and 3 of 3.
            done = subprocess.run(["sbatch", "--wait", "--array=3-7:2", f"--output={directory}/%a.log", script, "-p", PORTS, "--show", "all", "127.0.0.1-8"],
                                  capture_output=True, text=True, timeout=200, cwd=directory)
            logs = {index: open(os.path.join(directory, f"{index}.log")).read() for index in (3, 5, 7)}
            assert done.returncode == 0, (done, logs)
            for shard, index in ((1, 3), (2, 5), (3, 7)):
                assert f"shard {shard}/3" in logs[index], logs
            merged = subprocess.run([portloop, "merge", "-f", "json"] + [f"{results}/{index}.checkpoint" for index in (3, 5, 7)], capture_output=True, text=True)
            assert merged.returncode == 0, merged
            found = read_json(merged.stdout)
            assert len(found) == len(ADDRESSES) * PORT_COUNT
            assert {endpoint for endpoint, state in found.items() if state == "open"} == opened
        finally:
            for daemon in daemons:
                daemon.terminate()
            for daemon in daemons:
                daemon.wait(30)
            log.close()
    return 0


sys.exit(main())
