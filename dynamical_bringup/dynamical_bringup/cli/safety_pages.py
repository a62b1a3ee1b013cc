"""Tables of the safety gate for people."""

import json
from typing import Any

from rich.table import Table
from rich.text import Text

from dynamical_bringup.cli.pages import console

_STATES = {
    "NORMAL": "green",
    "REDUCED": "yellow",
    "INIT": "yellow",
    "PROTECTIVE_STOP": "yellow",
    "CONTROLLED_STOP": "red",
    "EMERGENCY_STOP": "red",
    "FAULT": "red",
}
_BEHAVIOURS = {"stop": "red", "slow": "yellow", "avoid": "yellow", "inform": "dim"}


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _state(name: str) -> Text:
    return Text(name, style=_STATES.get(name, ""))


def _number(value: float | None, unit: str = "", *, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}{' ' if unit else ''}{unit}"


def show_status(status: dict[str, Any]) -> None:
    """State, reasons, distances, ages of inputs and votes."""
    screen = console()
    line = Text("safety    ") + _state(status["state"]) + f"   speed {status['speed_scale']:.0%}"
    if status["reset_required"]:
        line += Text("   needs a reset", style="red")
    screen.print(line)
    if status["human_distance"] is not None:
        kept = status["protective_distance"]
        to_keep = "" if kept is None else f", {kept:.2f} m to be kept"
        screen.print(
            f"person    {status['human_distance']:.2f} m from {status['nearest_link']}{to_keep}"
        )
    if status["contact_force"] is not None:
        limit = _number(status["contact_force_limit"], "N", digits=0)
        screen.print(f"force     {status['contact_force']:.0f} N at contact, permitted {limit}")
    if status["active_constraints"]:
        screen.print(f"kept from {', '.join(status['active_constraints'])}", soft_wrap=True)
    for reason in status["reasons"]:
        screen.print(Text(f"because   {reason['text']} (code {reason['code']})"), soft_wrap=True)
    table = _table("input", "age")
    for name in ("joint_state", "command", "tracks", "forecast", "supervision"):
        table.add_row(name.replace("_", " "), _number(status[f"{name}_age"], "s", digits=3))
    screen.print(table)
    if status["votes"]:
        votes = _table("voter", "says", "weight", "probability", "age")
        for vote in status["votes"]:
            votes.add_row(
                vote["model"],
                vote["state"],
                _number(vote["weight"]),
                _number(vote["probability"]),
                _number(vote["age"], "s"),
            )
        screen.print(votes)
    screen.print(
        f"ticks     {status['ticks']}, late {status['late_ticks']}, compute p50 "
        f"{status['tick_compute_p50'] * 1e6:.0f} us, p99 {status['tick_compute_p99'] * 1e6:.0f} us;"
        f" commands refused {status['refused_commands']}"
    )


def show_explanation(said: dict[str, Any]) -> None:
    """Why, and what would clear it."""
    screen = console()
    screen.print(_state(said["state"]) + Text(f": {said['summary']}"), soft_wrap=True)
    for number, point in enumerate(said["points"], start=1):
        screen.print(Text(f"\n{number}. {point['means']}"), soft_wrap=True)
        figures = f" ({point['figures']})" if point["figures"] else ""
        name = point["cause"] or point["code_name"]
        screen.print(Text(f"   {point['text']}"), soft_wrap=True)
        screen.print(Text(f"   {name}, code {point['code']}{figures}", style="dim"))
        screen.print(Text(f"   What would clear it: {point['clears']}."), soft_wrap=True)
        if point["recovery"]:
            screen.print(Text(f"   {point['recovery']}"), soft_wrap=True)
    screen.print(Text(f"\n{said['next_step']}", style="bold"), soft_wrap=True)


def show_zones(found: dict[str, Any]) -> None:
    """Zones in force."""
    screen = console()
    screen.print(f"zones     version {found['version']}, frame {found['frame_id']}")
    if not found["zones"]:
        return
    table = _table("zone", "type", "for", "rule", "height", "corners")
    for zone in found["zones"]:
        rule = {
            "slow": f"speed {zone['speed_scale']:.0%}",
            "limit": f"{zone['speed_limit']:.2f} m/s",
        }.get(zone["zone_type"], "")
        corners = " ".join(f"({x:.2f}, {y:.2f})" for x, y in zone["coordinates"])
        height = f"{zone['height_min']:.2f} .. {zone['height_max']:.2f} m"
        table.add_row(zone["name"], zone["zone_type"], zone["applies_to"], rule, height, corners)
    screen.print(table)


def show_hazards(found: dict[str, Any]) -> None:
    """Hazards known now."""
    screen = console()
    screen.print(f"hazards   version {found['version']}, {len(found['types'])} types")
    if not found["hazards"]:
        return
    table = _table("hazard", "type", "asks for", "severity", "clearance", "at", "size")
    for hazard in found["hazards"]:
        care = hazard["behaviour"]
        factor = f" {hazard['speed_factor']:.0%}" if care == "slow" else ""
        table.add_row(
            hazard["id"],
            hazard["hazard_type"],
            Text(care + factor, style=_BEHAVIOURS.get(care, "")),
            _number(hazard["severity"]),
            _number(hazard["clearance"], "m"),
            _triple(hazard["position"]),
            _triple(hazard["size"]),
        )
    screen.print(table)


def show_hazard_types(found: dict[str, Any]) -> None:
    """Types of hazards."""
    table = _table("type", "asks for", "severity", "clearance", "built in")
    for kind in found["types"]:
        care = kind["behaviour"]
        factor = f" {kind['speed_factor']:.0%}" if care == "slow" else ""
        table.add_row(
            kind["name"],
            Text(care + factor, style=_BEHAVIOURS.get(care, "")),
            _number(kind["severity"]),
            _number(kind["clearance"], "m"),
            "yes" if kind["built_in"] else "no",
        )
    console().print(table)


def show_audit(found: dict[str, Any]) -> None:
    """Newest entries, and whether the chain holds."""
    screen = console()
    table = _table("entry", "when", "who", "did", "version", "what")
    for entry in found["entries"]:
        table.add_row(
            str(entry.get("sequence", "?")),
            str(entry.get("time", "")),
            str(entry.get("source", "")),
            str(entry.get("action", "")),
            str(entry.get("version") or ""),
            _what(entry.get("before"), entry.get("after")),
        )
    if found["entries"]:
        screen.print(table)
    if found["intact"]:
        screen.print(Text(f"the chain holds; newest hash {found['newest_hash']}", style="green"))
    else:
        screen.print(
            Text(f"line {found['broken_line']} does not hold: {found['problem']}", style="red"),
            soft_wrap=True,
        )


def _triple(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _what(before: Any, after: Any) -> str:
    """A change in a few words: names of what was added, changed and removed."""
    was, is_now = (value if isinstance(value, dict) else {} for value in (before, after))
    named = all(value is None or isinstance(value, dict) for value in is_now.values())
    if not is_now or not named:
        return json.dumps(after)
    words = []
    for name, value in is_now.items():
        verb = "removed" if value is None else "added" if was.get(name) is None else "changed"
        words.append(f"{verb} {name}")
    return ", ".join(words)
