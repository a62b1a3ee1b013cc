"""From a request to a plan, through all five layers."""

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.adaptation import LocationAdaptiveSkillManager, Workspace, load_workspaces
from dynamical_skills.assignment import RobotLocation, TaskRouter
from dynamical_skills.decomposition import GrammarDecomposer
from dynamical_skills.errors import UnknownRobotError
from dynamical_skills.orchestrator import UnifiedSkillOrchestrator
from dynamical_skills.plan import AssignmentStrategy, ExecutionTier, OrchestrationRequest
from dynamical_skills.scheduling import Scheduler

ALL = frozenset({"arm", "hand", "head", "waist"})
ROBOTS = {
    "near": RobotLocation(robot_id="near", position=(0.2, 0.0, 0.8), capabilities=ALL, load=2.0),
    "far": RobotLocation(
        robot_id="far", position=(5.0, 0.0, 0.8), capabilities=ALL, workspace_id="hall"
    ),
    "eye": RobotLocation(
        robot_id="eye", position=(1.0, 0.0, 0.8), capabilities=frozenset({"head", "waist"})
    ),
}
LAB = Workspace(
    id="lab",
    minimum=(-1, -1, 0),
    maximum=(1, 1, 2),
    table_height=0.76,
    shelf_heights=(0.9,),
    speed=0.5,
)


@pytest.fixture(scope="module")
def orchestrator(store, grounding, router):
    return UnifiedSkillOrchestrator(
        store=store,
        grounding=grounding,
        decomposer=GrammarDecomposer(grounding),
        router=router,
        assigner=TaskRouter(),
        adapter=LocationAdaptiveSkillManager({"lab": LAB, "hall": Workspace(id="hall")}),
        scheduler=Scheduler(),
    )


def test_the_main_job_becomes_a_plan(orchestrator):
    request = OrchestrationRequest(
        task_description="pick up the red cup and place it on the shelf",
        robot_id="near",
        workspace_id="lab",
    )
    result = orchestrator.orchestrate(request, ROBOTS)
    assert result.success
    steps = result.plan.steps
    assert [step.skill_ids[0] for step in steps] == [
        "look_at", "reach", "grasp", "lift", "carry", "place_on", "home",
    ]  # fmt: skip
    assert [step.step_id for step in steps] == list(range(1, 8))
    assert [step.depends_on for step in steps] == [()] + [(number,) for number in range(1, 7)]
    place = steps[5]
    assert place.robot_id == "near"
    assert place.workspace_id == "lab"
    assert place.tier is ExecutionTier.CONTROL
    assert place.location_params["object"] == {"class_id": "cup", "color": "red"}
    assert place.location_params["target"] == {"class_id": "shelf"}
    assert place.location_params["table_height"] == 0.76
    assert place.location_params["shelf_heights"] == [0.9]
    assert place.location_params["speed"] == 0.5
    assert place.deadline_ms > place.estimated_duration_ms > 0.0
    assert sum(step.estimated_duration_ms for step in steps) == pytest.approx(
        result.plan.total_estimated_duration_ms
    )


def test_skills_given_by_id_are_taken_with_what_the_sentence_says(orchestrator):
    request = OrchestrationRequest(
        task_description="the red cup", skill_ids=("reach", "home"), parameters={"side": "left"}
    )
    plan = orchestrator.orchestrate(request, ROBOTS).plan
    assert [step.skill_ids for step in plan.steps] == [("reach",), ("home",)]
    assert plan.steps[0].location_params["object"] == {"class_id": "cup", "color": "red"}
    assert plan.steps[0].location_params["side"] == "left"


def test_words_for_things_in_parameters_are_grounded(orchestrator):
    request = OrchestrationRequest(skill_ids=("reach",), parameters={"object": "the crimson mug"})
    plan = orchestrator.orchestrate(request, ROBOTS).plan
    assert plan.steps[0].location_params["object"] == {"class_id": "cup", "color": "red"}


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({}, ErrorCode.GOAL_EMPTY, "empty"),
        ({"task_description": "w" * 2001}, ErrorCode.GOAL_TOO_LONG, "2001"),
        ({"task_description": "sing a song"}, ErrorCode.NO_SKILL_FITS, "sing"),
        ({"task_description": "wave and sing a song"}, ErrorCode.NO_SKILL_FITS, "sing"),
        ({"task_description": "wave", "robot_id": "nobody"}, ErrorCode.ROBOT_UNKNOWN, "nobody"),
        ({"task_description": "wave", "robot_id": "eye"}, ErrorCode.ROBOT_UNKNOWN, "arm"),
        ({"task_description": "wave", "workspace_id": "x"}, ErrorCode.WORKSPACE_UNKNOWN, "x"),
        ({"skill_ids": ("fly",)}, ErrorCode.SKILL_UNKNOWN, "fly"),
        (
            {"skill_ids": ("reach",), "parameters": {"object": "world peace"}},
            ErrorCode.PARAMETER_INVALID,
            "peace",
        ),
        (
            {"skill_ids": ("lift",), "parameters": {"height": "high"}},
            ErrorCode.PARAMETER_INVALID,
            "height",
        ),
        (
            {"skill_ids": ("move_hand",), "target_position": (9, 0, 1), "workspace_id": "lab"},
            ErrorCode.PARAMETER_INVALID,
            "outside",
        ),
    ],
)  # fmt: skip
def test_a_bad_request_gets_code_and_sentence(orchestrator, fields, code, word):
    result = orchestrator.orchestrate(OrchestrationRequest(**fields), ROBOTS)
    assert not result.success
    assert result.plan is None
    assert result.error_code is code
    assert word in result.error_message


@pytest.mark.parametrize(
    ("strategy", "arguments", "chosen"),
    [
        (AssignmentStrategy.NEAREST, {"target_position": (0, 0, 0)}, "near"),
        (AssignmentStrategy.NEAREST, {"target_position": (6, 0, 0)}, "far"),
        (AssignmentStrategy.LEAST_BUSY, {"required_capabilities": ["arm"]}, "far"),
        (AssignmentStrategy.CAPABILITY, {"required_capabilities": ["head"]}, "eye"),
        (AssignmentStrategy.EXPLICIT, {"robot_id": "near"}, "near"),
        (
            AssignmentStrategy.NEAREST,
            {"target_position": (0, 0, 0), "workspace_id": "hall"},
            "far",
        ),
    ],
)
def test_strategies_choose_robots(strategy, arguments, chosen):
    assignment = TaskRouter().assign_task(ROBOTS, strategy=strategy, **arguments)
    assert assignment.robot.robot_id == chosen
    assert assignment.reason


def test_round_robin_takes_turns():
    router = TaskRouter()
    turns = [
        router.assign_task(ROBOTS, strategy=AssignmentStrategy.ROUND_ROBIN).robot.robot_id
        for _ in range(4)
    ]
    assert turns == ["eye", "far", "near", "eye"]


def test_no_robot_that_fits_is_said():
    router = TaskRouter()
    with pytest.raises(UnknownRobotError, match="wings"):
        router.assign_task(
            ROBOTS, strategy=AssignmentStrategy.NEAREST, required_capabilities=["wings"]
        )
    with pytest.raises(UnknownRobotError, match="EXPLICIT"):
        router.assign_task(ROBOTS, strategy=AssignmentStrategy.EXPLICIT)


def test_workspaces_are_read_and_wrong_ones_are_named(tmp_path):
    path = tmp_path / "workspaces.yaml"
    path.write_text(
        "workspaces:\n  - id: lab\n    bounds: {min: [0, 0, 0], max: [1, 1, 1]}\n"
        "    table: {height: 0.7}\n    shelf: {heights: [0.9, 1.2]}\n"
    )
    lab = load_workspaces(path)["lab"]
    assert (lab.table_height, lab.shelf_heights) == (0.7, (0.9, 1.2))
    for wrong in (
        "id: a, speed: 2.0",
        "id: a, colour: red",
        "id: a, bounds: {min: [1, 1, 1], max: [0, 0, 0]}",
    ):
        path.write_text(f"workspaces:\n  - {{{wrong}}}\n")
        with pytest.raises(ValueError, match=r"workspaces\.yaml"):
            load_workspaces(path)


@pytest.mark.parametrize(
    ("sentence", "steps"),
    [
        (
            "wave with your left hand while reaching for the red cup with your right hand",
            [(("wave",), ()), (("reach",), ())],
        ),
        ("wave and at the same time look at the bottle", [(("wave",), ()), (("look_at",), ())]),
        (
            "while looking at the shelf, hold the cup level",
            [(("hold_level", "look_at"), ())],
        ),
        (
            "wave and nod at the same time, then go home",
            [(("wave",), ()), (("nod",), ()), (("home",), (1, 2))],
        ),
        # One waist, one arm: the rule is that the later one waits.
        (
            "pick up the red cup while waving with your left hand",
            [(("look_at",), ()), (("reach",), (1,)), (("grasp",), (2,)), (("lift",), (3,)),
             (("wave",), ())],
        ),
        ("reach for the cup while pushing the bottle", [(("reach",), ()), (("push",), (1,))]),
    ],
)  # fmt: skip
def test_what_is_said_to_happen_at_the_same_time_does(orchestrator, sentence, steps):
    plan = orchestrator.orchestrate(OrchestrationRequest(task_description=sentence), ROBOTS).plan
    found = [
        (step.skill_ids if step.blended else step.skill_ids[:1], step.depends_on)
        for step in plan.steps
    ]
    assert found[: len(steps)] == steps


def test_the_hand_that_is_not_named_is_the_one_left_free(orchestrator):
    request = OrchestrationRequest(
        task_description="wave with your left hand while reaching for the red cup"
    )
    plan = orchestrator.orchestrate(request, ROBOTS).plan
    assert plan.steps[1].location_params["side"] == "right"
    assert "right_arm" in plan.steps[1].joint_groups
    assert plan.steps[1].depends_on == ()


def test_skills_in_mode_blended_are_one_motion_or_side_by_side_and_one_arm_goes_in_order(
    orchestrator,
):
    def planned(*skill_ids, **parameters):
        request = OrchestrationRequest(
            skill_ids=skill_ids, mode="blended", task_description="the red cup",
            parameters=parameters,
        )  # fmt: skip
        return orchestrator.orchestrate(request, ROBOTS).plan.steps

    (blend,) = planned("look_at", "nod")
    assert (blend.skill_ids, blend.blended, blend.weights) == (
        ("look_at", "nod"),
        True,
        (0.5, 0.5),
    )
    assert blend.parameters_of("look_at")["object"] == {"class_id": "cup", "color": "red"}
    beside = planned("wave", "nod", side="left")
    assert [(step.blended, step.depends_on) for step in beside] == [(False, ()), (False, ())]
    ordered = planned("wave", "reach", side="left")
    assert [step.depends_on for step in ordered] == [(), (1,)]


def test_a_plan_with_branches_takes_as_long_as_its_longest_way(orchestrator):
    request = OrchestrationRequest(task_description="wave with your left hand while nodding")
    plan = orchestrator.orchestrate(request, ROBOTS).plan
    longest = max(step.estimated_duration_ms for step in plan.steps)
    assert plan.total_estimated_duration_ms == pytest.approx(longest)
