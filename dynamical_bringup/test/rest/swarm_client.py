"""A swarm controller as the public one calls a robot: plain HTTP, no key, nothing of this repository.

Starts executions, polls each twice a second until it has ended, and prints what it saw as one line of
JSON: ``{token: {"execution_id", "statuses": [...], "end": {...}}}``.

Usage: python swarm_client.py URL COUNT
"""

import asyncio
import json
import sys
import urllib.request
from datetime import datetime

ENDED = ("completed", "failed", "timeout", "cancelled")


def call(url, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {} if data is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def wanted(number):
    """What to ask for: most succeed, some time out, some are cancelled, some are refused."""
    kind = ("done", "done", "timeout", "cancel", "refused")[number % 5]
    body = {
        "robot_id": "nobody" if kind == "refused" else "thor_001",
        "skill_id": "slow:leader" if kind in ("timeout", "cancel") else "grasp:follower",
        "parameters": {"token": f"token-{number}"},
        "timeout": 3.0 if kind == "timeout" else 60.0,
        "coordination_group_id": f"group-{number % 7}",
    }
    return kind, body


async def execute(base, number):
    kind, body = wanted(number)
    started = await asyncio.to_thread(call, f"{base}/api/v1/skills/execute", "POST", body)
    execution_id = started["execution_id"]
    path = f"{base}/api/v1/skills/executions/{execution_id}"
    statuses = []
    while True:
        state = await asyncio.to_thread(call, path)
        assert state["execution_id"] == execution_id
        statuses.append(state["status"])
        if state["status"] in ENDED:
            break
        if kind == "cancel" and len(statuses) == 3:
            await asyncio.to_thread(call, f"{path}/cancel", "POST")
        await asyncio.sleep(0.5)
    datetime.fromisoformat(state["start_time"])
    datetime.fromisoformat(state["end_time"])
    return f"token-{number}", {
        "kind": kind,
        "execution_id": execution_id,
        "statuses": statuses,
        "end": state,
    }


async def ready(robot):
    """The robot's status once it is free and well; one that is not gets no work."""
    for _ in range(60):
        status = call(f"{robot}/status")
        if (status["status"], status["health"]) == ("idle", "healthy"):
            break
        await asyncio.sleep(0.5)
    return status


async def main(base, count):
    robot = f"{base}/api/v1/robots/thor_001"
    before = await ready(robot)
    capabilities = call(f"{robot}/capabilities")
    told = dict(await asyncio.gather(*(execute(base, number) for number in range(count))))
    print(json.dumps({"status": before, "capabilities": capabilities, "executions": told}))


if __name__ == "__main__":
    # As many threads as executions: the polls of one must not wait for another.
    loop = asyncio.new_event_loop()
    from concurrent.futures import ThreadPoolExecutor

    loop.set_default_executor(ThreadPoolExecutor(int(sys.argv[2])))
    loop.run_until_complete(main(sys.argv[1], int(sys.argv[2])))
