"""Tables and progress for people."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLORS = {
    "healthy": "green",
    "ok": "green",
    "completed": "green",
    "degraded": "yellow",
    "warn": "yellow",
    "stale": "red",
    "missing": "red",
    "error": "red",
    "unhealthy": "red",
    "failed": "red",
    "timeout": "red",
    "cancelled": "yellow",
}


def console() -> Console:
    """Where pages are shown; a pipe gets them without colours, unwrapped enough to be read."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=120)


def colored(word: str) -> Text:
    """A state word in its colour."""
    return Text(word, style=_COLORS.get(word, ""))


def show_status(url: str, health: dict[str, Any], robot: dict[str, Any]) -> None:
    """Health of the platform and state of the robot."""
    screen = console()
    screen.print(Text("platform  ") + colored(health["status"]) + Text(f"   {url}"))
    scale = robot["speed_scale"]
    speed = "" if scale is None else f"   speed {scale:.0%}"
    near = robot["human_distance"]
    person = "" if near is None else f"   person at {near:.2f} m"
    screen.print(f"robot     {robot['robot_id']}: {robot['status']}")
    screen.print(f"safety    {health['safety_state']}{speed}{person}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("node", "health", "rate", "late", "says"):
        table.add_column(name, overflow="fold")
    loops = {loop["loop"]: loop for loop in health["loops"]}
    for entry in health["components"]:
        loop = loops.get(entry["name"])
        rate = "" if loop is None else f"{loop['rate']:.0f} Hz"
        late = "" if loop is None else str(loop["late_ticks"])
        table.add_row(entry["name"], colored(entry["level"]), rate, late, entry["message"])
    screen.print(table)
    for sentence in health["advice"]:
        screen.print(Text(sentence, style="yellow"), soft_wrap=True)


def show_skills(found: dict[str, Any]) -> None:
    """The library."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("skill", "type", "status", "parameters", "what it does"):
        table.add_column(name, overflow="fold")
    for skill in found["skills"]:
        names = ", ".join(parameter["name"] for parameter in skill["parameters"])
        table.add_row(
            skill["id"], skill["skill_type"], skill["status"], names, skill["description"]
        )
    console().print(table)


def show_matches(found: dict[str, Any]) -> None:
    """Skills that fit a sentence."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("skill")
    table.add_column("weight", justify="right")
    table.add_column("similarity", justify="right")
    for match in found["skills"]:
        table.add_row(match["skill_id"], f"{match['weight']:.2f}", f"{match['similarity']:.2f}")
    console().print(table)


def progress_line(execution: dict[str, Any], *, elapsed: float) -> Text:
    """Where an execution stands, in one line."""
    data = execution["result_data"]
    parts = [f"{elapsed:6.1f} s", f"{data.get('phase') or execution['status']:9}"]
    if data.get("step_count"):
        parts.append(f"step {data.get('step') or 0}/{data['step_count']}")
    if data.get("skill_id"):
        parts.append(f"{data['skill_id']:12}")
    if data.get("progress") is not None:
        filled = round(20 * min(1.0, max(0.0, data["progress"])))
        parts.append("#" * filled + "-" * (20 - filled))
    if data.get("distance_to_goal") is not None:
        parts.append(f"{data['distance_to_goal']:.3f} m to go")
    if data.get("safety_state", "UNKNOWN") != "UNKNOWN":
        scale = data.get("speed_scale")
        parts.append(data["safety_state"] + ("" if scale in (None, 1.0) else f" {scale:.0%}"))
    return Text("  ".join(parts))


def show_end(execution: dict[str, Any]) -> None:
    """How an execution ended."""
    duration = execution["duration"]
    line = colored(execution["status"])
    if duration is not None:
        line += Text(f" after {duration:.1f} s")
    used = execution["result_data"].get("skill_ids_used")
    if used:
        line += Text(f"   skills: {', '.join(used)}")
    if execution["error_message"]:
        line += Text(f"\n{execution['error_message']} (code {execution['error_code']})")
    console().print(line, soft_wrap=True)
