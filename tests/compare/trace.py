#!/usr/bin/env python3
"""--trace: the file is read back, and agrees with the results and with itself.

usage: trace.py PORTLOOP PORTLOOP_LAB
"""
import collections
import json
import os
import tempfile

from compare_support import OwnedPorts, run, run_tests, test

MODELS = {"sequential": 1, "thread-per-connection": 60, "thread-pool:4": 4, "loop": 8, "loops:2": 8, "loop/uv": 8}
GUESTS = {"python/thread-pool:4": 4, "node": 8}
MODELS_AND_GUESTS = MODELS | GUESTS


def traced(ports, *words):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        done = run("compare", "127.0.0.1", "-p", ports.spec(), "--models", ",".join(MODELS), "--runs", "1", "--warmup", "0", "-c", "8",
                   "--guests", ",".join(GUESTS), "--trace", path, *words)
        assert done.returncode == 0 and done.stderr == "", done
        with open(path) as file:
            return json.load(file)


def events_by_model(trace):
    names = {event["pid"]: event["args"]["name"] for event in trace["traceEvents"] if event["ph"] == "M" and event["name"] == "process_name"}
    assert list(names.values()) == list(MODELS_AND_GUESTS), names
    events = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        events[names[event["pid"]]].append(event)
    return events


def connects_of(events):
    """(target, outcome, start, end, track), from slices and from pairs of asynchronous events."""
    connects, open_slices = [], {}
    for event in events:
        if event.get("cat") != "connect":
            continue
        if event["ph"] == "X":
            connects.append((event["args"]["target"], event["name"], event["ts"], event["ts"] + event["dur"], event["tid"]))
        elif event["ph"] == "b":
            assert event["id"] not in open_slices, event
            open_slices[event["id"]] = event
        else:
            assert event["ph"] == "e", event
            begun = open_slices.pop(event["id"])
            assert begun["name"] == event["name"] and begun["tid"] == event["tid"], (begun, event)
            connects.append((begun["args"]["target"], event["name"], begun["ts"], event["ts"], event["id"]))
    assert open_slices == {}, open_slices
    return connects


def connects_made(model, opened):
    """libuv can't choose its source port, so open ports of this machine are asked three times in all."""
    return 60 + (2 * opened if model == "loop/uv" else 0)


@test
def each_probe_is_there_once_with_its_state_and_no_track_has_two_at_once():
    ports = OwnedPorts(opened=6, closed=50, silent=4)
    trace = traced(ports, "-t", "150")
    states = {f"127.0.0.1:{port}": state for state, numbers in (("open", ports.open), ("closed", ports.closed), ("no answer", ports.silent))
              for port in numbers}
    for model, events in events_by_model(trace).items():
        connects = connects_of(events)
        assert len(connects) == connects_made(model, opened=6), (model, len(connects))
        assert {target: outcome for target, outcome, *_ in connects} == states, (model, connects)
        free_from = collections.defaultdict(int)
        for target, outcome, start, end, track in sorted(connects, key=lambda connect: connect[2:4]):
            assert end >= start >= free_from[track], (model, target, track)
            free_from[track] = end
            assert outcome != "no answer" or end - start >= 149_000, (model, target, start, end)


@test
def the_counter_agrees_with_the_connects_and_never_exceeds_the_cap():
    trace = traced(OwnedPorts(opened=10, closed=50))
    for model, events in events_by_model(trace).items():
        connects = connects_of(events)
        counts = [(event["ts"], event["args"]["connects"]) for event in events if event["ph"] == "C"]
        assert counts == sorted(counts, key=lambda count: count[0]), model
        assert counts[-1][1] == 0 and min(count for _, count in counts) >= 0, (model, counts)
        assert max(count for _, count in counts) <= MODELS_AND_GUESTS[model], (model, counts)
        last = dict(counts)  # the last count of each microsecond
        for at, count in last.items():
            assert count == sum(start <= at < end for _, _, start, end, _ in connects), (model, at, count)
        assert {at for at, _ in counts} == {time for _, _, start, end, _ in connects for time in (start, end)}, model


@test
def threads_are_named_and_the_callbacks_of_loops_hold_their_connects():
    trace = traced(OwnedPorts(opened=10, closed=50))
    for model, events in events_by_model(trace).items():
        threads = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M" and event["name"] == "thread_name"}
        is_loop = model.startswith("loop")
        kind = "row" if model in GUESTS else "loop" if is_loop else "thread"
        assert all(name == f"{kind} {tid}" for tid, name in threads.items()), (model, threads)
        assert {event["tid"] for event in events if event.get("cat")} <= threads.keys(), model
        callbacks = [event for event in events if event.get("cat") == "loop"]
        assert bool(callbacks) == is_loop, model
        for count in ("started", "ended"):
            assert sum(event["args"][count] for event in callbacks) == (connects_made(model, opened=10) if is_loop else 0), (model, callbacks)
        for event in events:
            if event["ph"] in "be":  # a loop starts a connect, and sees its end, in a callback
                assert any(turn["tid"] == event["tid"] and turn["ts"] <= event["ts"] <= turn["ts"] + turn["dur"] for turn in callbacks), event


@test
def a_run_that_is_measured_is_not_recorded():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        words = ["compare", "127.0.0.1", "-p", ports.spec(), "--models", "loop", "--runs", "2", "--warmup", "0", "--export-json", path]
        done = run(*words, "--lanes")
        assert done.returncode == 0 and "Who waits when" in done.stdout, done
        with open(path) as file:
            assert len(json.load(file)["results"][0]["times"]) == 2
        done = run(*words, "--overwrite")
        assert done.returncode == 0 and "Who waits when" not in done.stdout, done


if __name__ == "__main__":
    run_tests(globals())
