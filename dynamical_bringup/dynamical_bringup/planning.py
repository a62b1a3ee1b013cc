"""The orchestrator of this machine: its library, its configuration, no running graph."""

from pathlib import Path

import yaml

from dynamical_bringup.description import DEFAULT_WORKSPACE
from dynamical_skills.adaptation import LocationAdaptiveSkillManager, load_workspaces
from dynamical_skills.assignment import RobotLocation, TaskRouter
from dynamical_skills.decomposition import GrammarDecomposer
from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.grounding import Grounding
from dynamical_skills.library.store import SkillStore, load_background
from dynamical_skills.orchestrator import UnifiedSkillOrchestrator
from dynamical_skills.routing import MoESkillRouter
from dynamical_skills.scheduling import Scheduler


def local_orchestrator(
    config_dir: Path, *, state_dir: Path | None = None, embedder: SentenceEmbedder | None = None
) -> tuple[UnifiedSkillOrchestrator, dict[str, RobotLocation]]:
    """All layers as the skill router has them, and the configured robot, which can do everything.

    Args:
        config_dir: Folder with ``platform.yaml`` and ``workspaces.yaml``.
        state_dir: Folder of registered skills and caches; ``None`` = the shipped library alone.
        embedder: Of sentences; ``None`` = a new one.

    Raises:
        SkillsError: If a registered skill is not valid.
        EmbeddingUnavailableError: If there is no sentence model.
        ValueError: If the workspaces cannot be read.
    """
    embedder = embedder or SentenceEmbedder()
    store, grounding = SkillStore(state_dir), Grounding(embedder)
    orchestrator = UnifiedSkillOrchestrator(
        store=store,
        grounding=grounding,
        decomposer=GrammarDecomposer(grounding),
        router=MoESkillRouter(
            embedder,
            store.query(),
            background=load_background(),
            cache=state_dir / "phrases.npz" if state_dir else None,
        ),
        assigner=TaskRouter(),
        adapter=LocationAdaptiveSkillManager(load_workspaces(config_dir / "workspaces.yaml")),
        scheduler=Scheduler(),
    )
    described = yaml.safe_load((config_dir / "platform.yaml").read_text(encoding="utf-8"))
    name = str(described["robot_id"])
    able = frozenset(word for skill in store.query() for word in skill.required_capabilities)
    return orchestrator, {
        name: RobotLocation(robot_id=name, workspace_id=DEFAULT_WORKSPACE, capabilities=able)
    }
