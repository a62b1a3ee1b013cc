"""The figures themselves; each takes a running platform and returns its rows."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import numpy as np
import psutil

from dynamical_bringup.bench.bare import percentiles
from dynamical_bringup.bench.load import load
from dynamical_bringup.bench.row import Row
from dynamical_bringup.bench.sentences import SENTENCES
from dynamical_bringup.client import Client
from dynamical_bringup.demo.main import GOAL
from dynamical_bringup.nodes.grader_node import Grader
from dynamical_bringup.runner import Platform, Run
from dynamical_bringup.runner.ports import free_port

SECONDS = 20.0
GATE_SECONDS = 60.0  # late ticks are few: a shorter look finds none, or one by chance
AT_WORK = "wave with your right hand"
INVOCATIONS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a figure may use."""

    platform: Platform
    here: Run
    grader: Grader
    client: Client


def _bare(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dynamical_bringup.bench.bare", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    )


def _answer(process: "subprocess.Popen[str]") -> dict[str, float]:
    output, _ = process.communicate(timeout=120)
    return dict(json.loads(output.strip().splitlines()[-1]))


def gate(bench: Bench) -> list[Row]:
    """Lateness of the 1 kHz gate beside a bare loop of the same rate and priority, robot at work."""
    evidence = bench.grader.node.evidence
    bare = _bare("loop", GATE_SECONDS)
    evidence.clear()
    bench.grader.node.timings.clear()
    while bare.poll() is None:
        bench.client.follow(bench.client.invoke(bench.here.robot_id, AT_WORK)["execution_id"])
    beside = _answer(bare)
    ticks, late = evidence.ticks()
    timings = [t for t in bench.grader.node.timings if t["loop"] == "safety_gate"]
    share, bare_share = 1e3 * late / max(ticks, 1), 1e3 * beside["late"] / max(beside["n"], 1)
    compute = float(np.median([t["compute_p50"] for t in timings])) * 1e6

    def lateness(name: str) -> float:
        return float(np.median([t[name] for t in timings])) * 1e6

    return [
        Row(
            name="gate: late ticks (> 1 ms)",
            value=share,
            unit="per 1000",
            baseline=bare_share,
            goal="<= 2x bare",
            met=share <= 2.0 * bare_share or late == 0,
        ),
        Row(
            name="gate: lateness p50",
            value=lateness("lateness_p50"),
            unit="us",
            baseline=beside["p50"] * 1e6,
        ),
        Row(
            name="gate: lateness p99",
            value=lateness("lateness_p99"),
            unit="us",
            baseline=beside["p99"] * 1e6,
        ),
        Row(
            name="gate: tick compute p50",
            value=compute,
            unit="us",
            goal="<= 400 us",
            met=compute <= 400.0,
        ),
        Row(
            name="gate: tick compute p99",
            value=float(np.median([t["compute_p99"] for t in timings])) * 1e6,
            unit="us",
        ),
    ]


def command_latency(bench: Bench) -> list[Row]:
    """From control's tick to a reader of the safe command, beside a bare publisher and subscriber."""
    bare = [_bare("subscribe", SECONDS), _bare("publish", SECONDS)]
    through = _chain_latency(bench, SECONDS)
    beside = _answer(bare[0])
    _answer(bare[1])
    bound = 1e-3 + 2.0 * beside["p99"]
    return [
        Row(
            name="control -> gate -> driver: p50",
            value=through["p50"] * 1e6,
            unit="us",
            baseline=beside["p50"] * 1e6,
        ),
        Row(
            name="control -> gate -> driver: p99",
            value=through["p99"] * 1e6,
            unit="us",
            baseline=beside["p99"] * 1e6,
            goal="<= 1 ms + 2x bare p99",
            met=through["p99"] <= bound,
        ),
    ]


def _chain_latency(bench: Bench, seconds: float) -> dict[str, float]:
    """Delay from a request's stamp to the first safe command made from it, at a listener [s]."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dynamical_bringup.bench.chain",
            bench.here.namespace,
            str(seconds),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    return _answer(process)


def first_action(bench: Bench) -> list[Row]:
    """REST invoke to first action past the gate, beside bare FastAPI in front of a bare action."""
    port = free_port()
    bare = [_bare("action"), _bare("rest", port)]
    try:
        times: list[float] = []
        bare_times: list[float] = []
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            _await(lambda: http.post("/invoke").is_success)
            for _ in range(INVOCATIONS):
                begin = time.perf_counter()
                http.post("/invoke")
                bare_times.append(time.perf_counter() - begin)
                begin = time.perf_counter()
                answer = bench.client.invoke(bench.here.robot_id, "wave with your right hand")
                times.append(time.perf_counter() - begin)
                if answer.get("execution_id"):
                    bench.client.cancel(answer["execution_id"])
                    bench.client.follow(answer["execution_id"], period=0.05)
    finally:
        for process in bare:
            process.kill()
            process.wait()
    value, beside = percentiles(times), percentiles(bare_times)
    return [
        Row(
            name="REST invoke -> first safe action: p50",
            value=value["p50"] * 1e3,
            unit="ms",
            baseline=beside["p50"] * 1e3,
            goal="<= 2x bare",
            met=value["p50"] <= 2.0 * beside["p50"],
        ),
        Row(
            name="REST invoke -> first safe action: p99",
            value=value["p99"] * 1e3,
            unit="ms",
            baseline=beside["p99"] * 1e3,
        ),
    ]


def _await(ready: Callable[[], bool], timeout: float = 40.0) -> None:
    end = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        try:
            if ready():
                return
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
        pause.wait(0.2)


def routing(bench: Bench) -> list[Row]:
    """Text to skills over the service, each sentence new to the embedding cache."""
    times = []
    for sentence in SENTENCES:
        answer = bench.client.post("/api/v1/skills/request", {"task_description": sentence})
        times.append(float(answer["routing_time_ms"]))
    value = percentiles(times)
    return [
        Row(
            name="routing, text to skills: p50",
            value=value["p50"],
            unit="ms",
            goal="< 10 ms",
            met=value["p50"] < 10.0,
        ),
        Row(name="routing, text to skills: p99", value=value["p99"], unit="ms"),
    ]


def nodes(bench: Bench) -> list[Row]:
    """CPU and memory of every node while the robot works."""
    execution = bench.client.invoke(bench.here.robot_id, GOAL)["execution_id"]
    watched = {
        name: psutil.Process(process.pid)
        for name, process in bench.platform.processes.items()
        if process.pid
    }
    with ExitStack():
        for process in watched.values():
            process.cpu_percent()
        threading.Event().wait(SECONDS / 2)
        rows = []
        for name, process in watched.items():
            rows.append(Row(name=f"CPU: {name}", value=process.cpu_percent(), unit="% of a core"))
            memory = process.memory_info().rss / 2**20
            rows.append(Row(name=f"memory: {name}", value=memory, unit="MB"))
    bench.client.follow(execution)
    total = sum(row.value for row in rows if row.name.startswith("CPU"))
    return [*rows, Row(name="CPU: all nodes", value=total, unit="% of a core")]


FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "gate": gate,
    "latency": command_latency,
    "first_action": first_action,
    "routing": routing,
    "load": load,
    "nodes": nodes,
}
