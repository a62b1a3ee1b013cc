"""The whole platform for the tests of this folder: real nodes, real DDS, real physics, real HTTP."""

import contextlib
import os
import threading
import time
from types import SimpleNamespace

import pytest
from domain_coordinator import domain_id

from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.nodes.grader_node import Grader
from dynamical_bringup.runner import Options, Platform


@pytest.fixture(scope="session")
def domain():
    with domain_id() as number:
        yield number


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    before = os.environ.get("DYNAMICAL_STATE")
    os.environ["DYNAMICAL_STATE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["DYNAMICAL_STATE"]
    else:
        os.environ["DYNAMICAL_STATE"] = before


@pytest.fixture(scope="session")
def platform(domain, state):
    """A running platform with its grader and a client: ``here``, ``grader``, ``client``, ``said``."""
    said = []
    with Platform(Options(port=0, domain_id=domain), say=said.append) as running:
        here = running.wait_healthy(120.0)
        with Grader(here.robot_id, here.domain_id) as grader:
            grader.wait_for_truth()
            client = Client(here.url, here.api_key)
            yield SimpleNamespace(
                platform=running, here=here, grader=grader, client=client, said=said
            )
            client.close()


@pytest.fixture(scope="session")
def eventually():
    """``eventually(what, within=30.0)``: the first true answer of ``what()``; fails after that time."""

    def wait(what, *, within=30.0, every=0.1):
        end = time.monotonic() + within
        pause = threading.Event()
        answer = None
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ClientError):
                answer = what()
                if answer:
                    return answer
            pause.wait(every)
        raise AssertionError(f"not within {within:.0f} s; last answer: {answer!r}")

    return wait
