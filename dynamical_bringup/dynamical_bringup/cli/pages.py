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


def show_skill(skill: dict[str, Any]) -> None:
    """Everything about one skill."""
    screen = console()
    screen.print(Text(skill["id"], style="bold") + Text(f"  {skill['version']}"))
    screen.print(skill["description"], soft_wrap=True)
    part = skill["coordination"]
    robots = f"{part['min_robots']} to {part['max_robots']} robots, sync {part['sync_mode']}"
    rows = {
        "type": skill["skill_type"],
        "status": skill["status"],
        "needs": ", ".join(skill["required_capabilities"]),
        "before": ", ".join(skill["preconditions"]),
        "after": ", ".join(skill["postconditions"]),
        "joints": ", ".join(skill["joint_groups"]) or "all",
        "takes": f"{skill['estimated_duration']:.1f} s",
        "roles": f"{', '.join(part['supported_roles'])}; {robots}",
    }
    for name, text in rows.items():
        screen.print(f"{name:10}{text or '-'}", soft_wrap=True)
    for parameter in skill["parameters"]:
        unit = f" [{parameter['unit']}]" if parameter["unit"] else ""
        default = f" = {parameter['default_value']}" if parameter["default_value"] else ""
        line = f"{parameter['name']}: {parameter['type']}{unit}{default}"
        screen.print(f"parameter {line}   {parameter['description']}", soft_wrap=True)
    for example in skill["examples"]:
        screen.print(f'example   "{example}"', soft_wrap=True)


def show_executions(found: dict[str, Any]) -> None:
    """Executions, newest first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("execution", "began", "status", "took", "skill", "asked for"):
        table.add_column(name, overflow="fold")
    for item in found["executions"]:
        took = "" if item["duration"] is None else f"{item['duration']:.1f} s"
        table.add_row(
            item["execution_id"],
            item["start_time"][:19].replace("T", " "),
            colored(item["status"]),
            took,
            item["skill_id"],
            item["result_data"].get("goal") or "",
        )
    console().print(table)
    console().print(f"{len(found['executions'])} of {found['total']}")


def show_keys(found: dict[str, Any]) -> None:
    """Keys, oldest first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("key", "name", "may", "made", "until"):
        table.add_column(name, overflow="fold")
    for key in found["keys"]:
        until = f"revoked {key['revoked']}" if key["revoked"] else key["expires"] or ""
        table.add_row(key["id"], key["name"], ", ".join(key["scopes"]), key["created"], until)
    console().print(table)


def show_commands(found: dict[str, Any]) -> None:
    """Newest entries of the bridge's audit, and whether its chain holds."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("entry", "when", "who", "what", "decision", "outcome", "request"):
        table.add_column(name, overflow="fold")
    for entry in found["entries"]:
        after = entry.get("after") or {}
        table.add_row(
            str(entry.get("sequence", "?")),
            str(entry.get("time", "")),
            str(entry.get("source", "")),
            str(entry.get("action", "")),
            str(after.get("decision", "")),
            str(after.get("outcome", "")),
            str(after.get("request_id", "")),
        )
    screen = console()
    screen.print(table)
    if found["intact"]:
        screen.print(Text(f"the chain holds; newest hash {found['newest_hash']}", style="green"))
    else:
        sentence = f"line {found['broken_line']} does not hold: {found['problem']}"
        screen.print(Text(sentence, style="red"), soft_wrap=True)


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


def show_route(answer: dict[str, Any]) -> None:
    """Every skill that was weighed for a sentence, the chosen ones first."""
    screen = console()
    if answer["refused"]:
        screen.print(Text(f"refused: {answer['reason']}", style="yellow"), soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("skill", "score", "similarity", "weight", "", "why"):
        table.add_column(name, justify="left" if name in ("skill", "", "why") else "right")
    weights = {skill["skill_id"]: skill["weight"] for skill in answer["skills"]}
    for candidate in answer["candidates"]:
        weight = weights.get(candidate["skill_id"])
        table.add_row(
            candidate["skill_id"],
            f"{candidate['score']:.3f}",
            f"{candidate['similarity']:.2f}",
            "" if weight is None else f"{weight:.2f}",
            Text(candidate["status"], style="green" if weight is not None else "dim"),
            candidate["why"],
        )
    if "none_score" in answer:
        table.add_row("(none of them)", f"{answer['none_score']:.3f}", "", "", "", "")
    screen.print(table)
