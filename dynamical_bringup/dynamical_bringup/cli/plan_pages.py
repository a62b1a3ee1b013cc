"""A plan as a tree: steps in their order, those that may run side by side below one branch."""

from typing import Any

from rich.text import Text
from rich.tree import Tree

from dynamical_bringup.cli.pages import colored, console


def show_plan(plan: dict[str, Any]) -> None:
    """The steps of a plan; steps of one branch wait for the same number of others in a row."""
    seconds = plan["total_estimated_duration_ms"] / 1000.0
    head = Text(plan["task_description"], style="bold")
    head += Text(f"\n{plan['plan_id']}   about {seconds:.1f} s   ", style="dim")
    head += colored(plan["status"])
    if plan.get("error"):
        head += Text(f"\n{plan['error']} (code {plan['error_code']})")
    tree = Tree(head)
    for steps in _rows(plan["steps"]):
        row = tree if len(steps) == 1 else tree.add(Text("side by side", style="dim"))
        for step in steps:
            _add(row, step)
    console().print(tree, soft_wrap=True)


def _rows(steps: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The steps by how many others, one after the other, come before them."""
    depth: dict[int, int] = {}
    for step in steps:
        depth[step["step_id"]] = 1 + max(
            (depth.get(number, 0) for number in step["depends_on"]), default=0
        )
    return [
        [step for step in steps if depth[step["step_id"]] == row]
        for row in sorted(set(depth.values()))
    ]


def _add(tree: Tree, step: dict[str, Any]) -> None:
    count = len(step["skill_ids"]) if step["blended"] else 1
    line = Text(f"{step['step_id']}  ", style="dim")
    line += Text(" + ".join(step["skill_ids"][:count]), style="bold")
    line += Text(f"   {step['task']}   ")
    if step["status"] != "pending":
        line += colored(step["status"]) + Text("   ")
    if step["depends_on"]:
        line += Text(f"after {', '.join(map(str, step['depends_on']))}   ", style="dim")
    line += Text(f"{step['estimated_duration_ms'] / 1000.0:.1f} s", style="dim")
    node = tree.add(line)
    where = f" in {step['workspace_id']}" if step["workspace_id"] else ""
    joints = ", ".join(step["joint_groups"]) or "all"
    node.add(
        Text(f"{step['robot_id']}{where}   tier {step['tier']}   joints: {joints}", style="dim")
    )
    others = zip(step["skill_ids"], step["weights"], strict=True)
    weights = "  ".join(f"{skill_id} {weight:.2f}" for skill_id, weight in others)
    if len(step["skill_ids"]) > 1:
        node.add(Text(f"{'blend' if step['blended'] else 'weights'}: {weights}", style="dim"))
    if step["status_text"]:
        node.add(Text(step["status_text"], style="yellow"))
