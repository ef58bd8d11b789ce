"""examples/scaling/slurm.sh as an array in a real Slurm of one node: controller and node in a network namespace.

slurmctld and slurmd drop supplementary groups, which a user namespace forbids: this needs root itself.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from resume_support import ADDRESSES, PORTS, PORT_COUNT, SKIPPED, listen, read_json

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


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def enter():
    """Its own network and mounts, but not its own users."""
    if os.environ.get("RESUME_TEST_INSIDE") == "1":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # Slurm asks getaddrinfo() for what suits the interfaces, and loopback is none.
        for words in ("link add s0 type veth peer name s1", "address add 10.99.0.1/24 dev s0", "link set s0 up"):
            if subprocess.run(["ip", *words.split()], capture_output=True).returncode != 0:
                skip("no veth interfaces here")
        return
    for program in ("slurmctld", "slurmd", "sbatch", "scontrol", "unshare", "ip"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed (slurm-wlm)")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-nm", "true"], capture_output=True).returncode != 0:
        skip("Slurm's daemons need root")
    os.environ["RESUME_TEST_INSIDE"] = "1"
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
    held, opened = listen()
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
                skip("Slurm's daemons don't come up here")
            results = os.path.join(directory, "results")
            os.environ.update(DIRECTORY=results, PORTLOOP=portloop)
            # Indices that begin at 3 and are 2 apart: parts 1, 2 and 3 of 3.
            done = subprocess.run(["sbatch", "--wait", "--array=3-7:2", f"--output={directory}/%a.log", script, "-p", PORTS, "--show", "all", "127.0.0.1-8"],
                                  capture_output=True, text=True, timeout=200, cwd=directory)
            said = {part: open(os.path.join(directory, f"{part}.log")).read() for part in (3, 5, 7)}
            assert done.returncode == 0, (done, said)
            for part, index in ((1, 3), (2, 5), (3, 7)):
                assert f"shard {part}/3" in said[index], said
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
