"""Node ``skill_router``: the skill library and the decisions of layers 3 to 7, as services."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynamical_interfaces import graph
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import GraphNode, run
from dynamical_skills.adaptation import LocationAdaptiveSkillManager, load_workspaces
from dynamical_skills.assignment import RobotLocation, TaskRouter
from dynamical_skills.constraints import RoutingConstraints
from dynamical_skills.conversions import (
    descriptor_from_msg,
    descriptor_to_msg,
    location_from_msg,
    plan_to_msg,
    request_from_msg,
    tracks_from_msg,
)
from dynamical_skills.decomposition import GrammarDecomposer
from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.errors import SkillsError, UnknownRobotError
from dynamical_skills.fleet import Fleet
from dynamical_skills.grounding import Grounding
from dynamical_skills.language_model import configured_decomposer
from dynamical_skills.library.store import SkillStore, load_background
from dynamical_skills.nodes.answering import answering
from dynamical_skills.orchestrator import UnifiedSkillOrchestrator
from dynamical_skills.policies.policy import SeenObject
from dynamical_skills.routing import MoESkillRouter
from dynamical_skills.scheduling import Scheduler

_ENDED = ("completed", "failed", "timeout", "cancelled")
# Said once at start: the first sentence of a user shall not wait for the model to warm up.
_WARM_UP = ("go home", "wave your hand", "pick up the red cup and place it on the shelf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRouterParameters:
    """Parameters of the node."""

    robot_id: str = param("thor_001", "Robot this graph belongs to")
    capabilities: tuple[str, ...] = param(
        ("arm", "hand", "head", "waist"), "What the robot has; skills require some of it"
    )
    state_dir: str = param("", "Folder for registered skills and caches; empty = nothing is kept")
    workspaces_file: str = param("", "YAML file of workspaces; empty = none")
    workspace: str = param("", "The one place of that file that this site is; empty = all count")
    location_age: float = param(
        5.0,
        "Age at which the location of a robot is worth nothing, and no task goes to it",
        unit="s",
        low=0.5,
        high=3600.0,
    )
    llm_url: str = param(
        "",
        "Base address of an OpenAI-compatible endpoint that takes sentences apart, e.g. "
        "http://localhost:8000/v1; empty = the grammar alone, nothing is contacted",
    )
    llm_model: str = param("", "Model to ask there")
    llm_key_file: str = param(
        "", "File with its key; empty = environment variable DYNAMICAL_LLM_KEY, or none"
    )
    llm_timeout: float = param(
        3.0, "For one sentence, then the grammar decides", unit="s", low=0.1, high=60.0
    )


class SkillRouterNode(GraphNode[SkillRouterParameters]):
    """Serves the library and the orchestrator."""

    def __init__(self) -> None:
        super().__init__(graph.SKILL_ROUTER, SkillRouterParameters)

    def configure(self) -> None:
        """Load library and model, train the gate, offer the services."""
        own = self.parameters
        state = Path(own.state_dir).expanduser() if own.state_dir else None
        self._store = SkillStore(state)
        workspaces = (
            load_workspaces(Path(own.workspaces_file), only=own.workspace)
            if own.workspaces_file
            else {}
        )
        embedder = SentenceEmbedder()
        grounding = Grounding(embedder)
        self._router = MoESkillRouter(
            embedder,
            self._store.query(),
            background=load_background(),
            cache=state / "phrases.npz" if state else None,
        )
        self._orchestrator = UnifiedSkillOrchestrator(
            store=self._store,
            grounding=grounding,
            decomposer=configured_decomposer(
                self._store.query,
                grounding,
                url=own.llm_url,
                model=own.llm_model,
                key_file=own.llm_key_file,
                timeout=own.llm_timeout,
            ),
            router=self._router,
            assigner=TaskRouter(),
            adapter=LocationAdaptiveSkillManager(workspaces),
            scheduler=Scheduler(),
        )
        self._open: dict[str, str] = {}  # execution -> robot
        self._fleet = Fleet([self._unseen(own.robot_id)], max_age=own.location_age)
        self._tracks = self.polled_reader("tracks")
        self._seen: tuple[SeenObject, ...] = ()
        for sentence in _WARM_UP:
            for task in GrammarDecomposer(grounding).decompose(sentence):
                self._router.route(task.text)
        self.reader("robot_location", self._on_location)
        self.reader("skill_status", self._on_skill_status)
        for name, answer in (
            ("route_task", self._on_route),
            ("list_skills", self._on_list),
            ("get_skill", self._on_get),
            ("register_skill", self._on_register),
            ("deploy_skills", self._on_deploy),
            ("orchestrate", self._on_orchestrate),
        ):
            self.server(name, answering(answer))
        self.diagnose("library", "ok", f"{len(self._store.ids)} skills")
        learned = "the gate has learned every skill"
        if self._router.stale:
            names = ", ".join(name or "what no skill fits" for name in self._router.stale)
            learned = f"not learned by the gate as they are, found by their phrases: {names}"
        self.diagnose("routing", "ok", learned)
        self._report_decomposition()

    def _report_decomposition(self) -> None:
        """Who takes sentences apart, and why it is not who was asked to."""
        degraded = self._orchestrator.decomposer.degraded
        usual = f"language model {self.parameters.llm_model}" if self.parameters.llm_url else ""
        level = "warn" if degraded else "ok"
        self.diagnose("decomposition", level, degraded or usual or "grammar")

    def _unseen(self, robot_id: str) -> RobotLocation:
        """This robot before perception has said where it stands."""
        return RobotLocation(
            robot_id=robot_id, capabilities=frozenset(self.parameters.capabilities)
        )

    def _on_location(self, message: Any) -> None:
        load = float(sum(robot == message.robot_id for robot in list(self._open.values())))
        self._fleet.update(
            location_from_msg(
                message, capabilities=frozenset(self.parameters.capabilities), load=load
            )
        )

    def _on_skill_status(self, message: Any) -> None:
        if message.status in _ENDED:
            self._open.pop(message.execution_id, None)
        else:
            self._open[message.execution_id] = message.robot_id

    def _on_route(self, request: Any, response: Any) -> None:
        begin = self.now()
        given = list(request.task_embedding)
        route = self._router.route(
            request.task_description,
            embedding=np.array(given, dtype=np.float32) if given else None,
            constraints=RoutingConstraints(
                required_types=tuple(request.required_skill_types),
                capabilities=frozenset(self.parameters.capabilities),
            ),
            max_skills=request.max_skills or 3,
        )
        response.skill_ids = list(route.skill_ids)
        response.weights = list(route.weights)
        response.similarity = list(route.similarity)
        response.routing_time_ms = (self.now() - begin) * 1000.0

    def _on_list(self, request: Any, response: Any) -> None:
        found = self._store.query(skill_type=request.skill_type, status=request.status)
        response.skills = [descriptor_to_msg(skill) for skill in found]

    def _on_get(self, request: Any, response: Any) -> None:
        response.skill = descriptor_to_msg(self._store.get(request.id))

    def _on_register(self, request: Any, response: Any) -> None:
        skill = descriptor_from_msg(request.skill)
        self._store.register(skill)
        self._router.add(skill)
        self.diagnose("library", "ok", f"{len(self._store.ids)} skills")

    def _on_deploy(self, request: Any, response: Any) -> None:
        devices = list(request.device_ids) or [self.parameters.robot_id]
        for device in devices:
            if self._fleet.get(device) is None:
                raise UnknownRobotError(
                    f"there is no device {device[:80]!r}; known: {', '.join(self._fleet.known())}"
                )
        skills = [self._store.get(skill_id) for skill_id in request.skill_ids]
        for skill in skills:
            self._store.deploy(skill.id)
        response.deployed = [f"{skill.id}@{device}" for skill in skills for device in devices]

    def _on_orchestrate(self, request: Any, response: Any) -> None:
        message = self._tracks.take()
        if message is not None:
            self._seen = tracks_from_msg(message).objects
        result = self._orchestrator.orchestrate(
            request_from_msg(request), self._fleet, seen=self._seen, now=self.now()
        )
        self._report_decomposition()
        response.orchestration_time_ms = result.orchestration_time_ms
        if result.plan is None:
            raise SkillsError(result.error_code, result.error_message)
        response.plan = plan_to_msg(result.plan)


def main() -> None:
    """Run the node."""
    run(SkillRouterNode)


if __name__ == "__main__":
    main()
