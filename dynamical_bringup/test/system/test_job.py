"""A sentence goes in, the cup ends on the shelf; with a person coming by."""

import threading
import time

import pytest

from dynamical_bringup.demo.grading import result
from dynamical_bringup.demo.main import GOAL, PERSON_COMES_AT, Visitor, board
from dynamical_control.simulation.layout import RED_CUP

pytestmark = pytest.mark.system


def carry_out(platform, goal, *, on_progress=lambda _: None, **fields):
    answer = platform.client.invoke(platform.here.robot_id, goal, **fields)
    assert answer["execution_id"], answer
    return platform.client.follow(answer["execution_id"], on_progress=on_progress)


def grade(platform, execution, asked_at):
    threading.Event().wait(0.5)
    return result(
        platform.grader.node.evidence,
        execution,
        object_name=RED_CUP.name,
        object_height=RED_CUP.height,
        board=board(),
        asked_at=asked_at,
    )


def start_over(platform, seed):
    platform.grader.node.reset_simulation(seed)
    threading.Event().wait(2.0)
    platform.grader.node.evidence.clear()
    platform.grader.wait_for_truth()


def test_a_sentence_puts_the_cup_on_the_shelf(platform):
    start_over(platform, 11)
    asked_at = time.time()
    figures = grade(platform, carry_out(platform, GOAL), asked_at)
    assert figures["success"], figures
    assert figures["lift_height_m"] > 0.05
    assert figures["skills_used"]


def test_a_person_who_walks_up_is_waited_for_and_the_job_is_finished(platform):
    start_over(platform, 12)
    asked_at = time.time()
    visitor = Visitor(platform.grader)
    scales = []

    def watch(state):
        data = state["result_data"]
        scales.append(data.get("speed_scale"))
        if data.get("skill_id") == PERSON_COMES_AT:
            visitor.come()

    figures = grade(platform, carry_out(platform, GOAL, on_progress=watch), asked_at)
    assert figures["success"], figures
    assert figures["safety_stops"] >= 1, figures
    assert figures["min_human_distance_m"] > 0.10, figures
    assert any(scale is not None and 0.0 < scale < 0.95 for scale in scales), "it never slowed"


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ("book a flight to Paris", "skill"),
        ("pick up the purple elephant", "purple elephant"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(platform, goal, words):
    answer = platform.client.invoke(platform.here.robot_id, goal)
    if answer.get("execution_id"):
        answer = platform.client.follow(answer["execution_id"])
        text = answer["error_message"]
    else:
        text = answer["error"]
    assert not answer["success"]
    assert words.split()[0] in text.lower() or words in text.lower()


def test_a_cancelled_execution_stops_the_robot(platform):
    answer = platform.client.invoke(platform.here.robot_id, "wave with your left hand")
    platform.client.cancel(answer["execution_id"])
    ended = platform.client.follow(answer["execution_id"])
    assert ended["status"] == "cancelled"
    assert carry_out(platform, "go home")["success"]
