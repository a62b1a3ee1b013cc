"""A hundred clients of the REST bridge at once, and what the 1 kHz gate does meanwhile.

    DYNAMICAL_API_KEY=... python -m dynamical_bringup.bench.load URL PATH SECONDS

is the hundred clients, in a process of its own: each asks again as soon as it has its answer. They
speak HTTP on bare sockets, as a client library would need more of the machine than the bridge does.
The answer is one line of JSON on standard output.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dynamical_bringup.bench.bare import percentiles
from dynamical_bringup.bench.row import Row
from dynamical_bringup.rest.auth import HEADER

if TYPE_CHECKING:
    from dynamical_bringup.bench.figures import Bench

CLIENTS = 100
SECONDS = 30.0
# As the rate limits are there to keep such a load away, they are lifted for the measurement.
UNLIMITED = {"rate_of_key": 1e6, "rate_of_address": 1e6}


async def _ask(host: str, port: int, request: bytes, end: float, times: list[float]) -> int:
    """One client until ``end`` (of the monotonic clock); returns how many answers were no 200."""
    reader, writer = await asyncio.open_connection(host, port)
    refused = 0
    try:
        while (begin := time.monotonic()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(
                line.lower().split(b":", 1) for line in head.splitlines() if b":" in line
            )
            await reader.readexactly(int(fields[b"content-length"]))
            times.append(time.monotonic() - begin)
            refused += b" 200 " not in head.splitlines()[0]
    finally:
        writer.close()
    return refused


async def clients(url: str, path: str, key: str, seconds: float) -> dict[str, float]:
    """All clients; returns requests answered per second, times to the answer [s], and refusals."""
    where = urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n{HEADER}: {key}\r\n\r\n".encode()
    times: list[float] = []
    begin = time.monotonic()
    end = begin + seconds
    host, port = where.hostname or "127.0.0.1", where.port or 80
    refused = await asyncio.gather(
        *(_ask(host, port, request, end, times) for _ in range(CLIENTS))
    )
    took = time.monotonic() - begin
    return {**percentiles(times), "rate": len(times) / took, "refused": float(sum(refused))}


def load(bench: "Bench") -> list[Row]:
    """Requests per second held with a hundred clients, and the gate's late ticks against before."""
    execution = bench.client.invoke(bench.here.robot_id, "wave with your right hand")
    bench.client.follow(execution["execution_id"])
    path = f"/api/v1/skills/executions/{execution['execution_id']}"
    evidence = bench.grader.node.evidence
    evidence.clear()
    threading.Event().wait(SECONDS)
    before = _late(*evidence.ticks())
    evidence.clear()
    done = subprocess.run(
        [sys.executable, "-m", "dynamical_bringup.bench.load", bench.here.url, path, str(SECONDS)],
        env=os.environ | {"DYNAMICAL_API_KEY": bench.here.api_key},
        capture_output=True,
        text=True,
        check=True,
    )
    during = _late(*evidence.ticks())
    told = json.loads(done.stdout.strip().splitlines()[-1])
    name = f"REST, {CLIENTS} clients"
    return [
        Row(name=f"{name}: requests held", value=told["rate"], unit="1/s"),
        Row(name=f"{name}: answer p50", value=told["p50"] * 1e3, unit="ms"),
        Row(name=f"{name}: answer p99", value=told["p99"] * 1e3, unit="ms"),
        Row(
            name=f"{name}: answers that were none",
            value=told["refused"],
            unit="",
            goal="0",
            met=told["refused"] == 0.0,
        ),
        Row(
            name=f"{name}: gate's late ticks meanwhile",
            value=during,
            unit="per 1000",
            baseline=before,
            goal="<= 2x before",
            met=during <= 2.0 * before or during == 0.0,
        ),
    ]


def _late(ticks: int, late: int) -> float:
    return 1e3 * late / max(ticks, 1)


def main() -> None:
    """Run the clients named on the command line."""
    url, path, seconds = sys.argv[1:]
    key = os.environ["DYNAMICAL_API_KEY"]
    told = asyncio.run(clients(url, path, key, float(seconds)))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
