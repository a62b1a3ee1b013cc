"""The campaign's results: a line per fault in the terminal, report.json and report.html."""

import html
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from dynamical_bringup.faults.campaign import Trial
from dynamical_bringup.faults.evidence import Evidence
from dynamical_bringup.faults.judge import Row

WIDTH, LEFT, BAND, CURVE = 720.0, 46.0, 16.0, 54.0
FASTEST, FARTHEST = 3.0, 3.0  # upper ends of the axes [rad/s, m]
POINTS = 300
COLOURS = {
    "INIT": "#b9bec5",
    "NORMAL": "#58a55c",
    "REDUCED": "#d8b11e",
    "PROTECTIVE_STOP": "#e38b29",
    "CONTROLLED_STOP": "#cf5b2e",
    "FAULT": "#8e4aa8",
    "EMERGENCY_STOP": "#b3261e",
    "SILENT": "#333a42",
}
STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1080px;color:#1d2126}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;text-align:left;
border-bottom:1px solid #dde1e6;vertical-align:top}th{font-weight:600}
.bad{color:#b3261e;font-weight:600}.good{color:#2e7d32}section{margin:1.6rem 0}
small{color:#5b6570}h2{font-size:1rem;margin:.2rem 0}.key span{display:inline-block;
margin-right:1rem}.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}
"""
HEADINGS = (
    "fault", "expected", "observed", "ticks", "bound", "violations", "min. distance [m]",
    "recovery", "passed",
)  # fmt: skip


def line(row: Row) -> str:
    """One fault as one line of the terminal's table."""
    ticks = "-" if row.reaction_ticks is None else str(row.reaction_ticks)
    bound = "-" if row.bound_ticks is None else str(row.bound_ticks)
    near = "-" if row.min_human_distance_m is None else f"{row.min_human_distance_m:.2f}"
    word = "pass" if row.passed else "FAIL"
    text = (
        f"{word}  {row.fault:<28} {row.observed_state:<16} {ticks:>6}/{bound:<5} "
        f"{row.limit_violations:>2} {near:>5}  {row.recovery}"
    )
    return text if row.passed else f"{text}\n      {row.detail}"


def head() -> str:
    """Headings of the terminal's table."""
    return (
        f"      {'fault':<28} {'observed':<16} {'ticks':>6}/{'bound':<5} "
        f"{'v':>2} {'dist':>5}  recovery"
    )


def summary(rows: Sequence[Row]) -> str:
    """The last line."""
    passed = sum(row.passed for row in rows)
    violations = sum(row.limit_violations for row in rows)
    touched = sum(row.contacts for row in rows)
    return (
        f"{passed} of {len(rows)} faults passed, {violations} limit violations at the joints, "
        f"{touched} contacts with the person"
    )


def write(trials: Sequence[Trial], folder: Path, pictures: dict[str, str]) -> None:
    """Write report.json and report.html.

    Args:
        trials: In the order in which they were carried out.
        folder: Made if absent.
        pictures: Fault -> its timeline, see ``timeline``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [trial.row for trial in trials]
    data = [asdict(row) for row in rows]
    (folder / "report.json").write_text(json.dumps(data, indent=2, allow_nan=False) + "\n")
    (folder / "report.html").write_text(page(rows, pictures))


def page(rows: Sequence[Row], pictures: dict[str, str]) -> str:
    """The whole report as one HTML page that needs nothing else."""
    key = "".join(
        f'<span><i style="background:{colour}"></i>{name}</span>'
        for name, colour in COLOURS.items()
    )
    headings = "".join(f"<th>{name}</th>" for name in HEADINGS)
    body = "".join(_table_row(row) for row in rows)
    sections = "".join(_section(row, pictures.get(row.fault, "")) for row in rows)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Fault campaign</title>'
        f"<style>{STYLE}</style><h1>Fault campaign</h1><p>{html.escape(summary(rows))}</p>"
        f"<table><tr>{headings}</tr>{body}</table>"
        f'<p class="key">{key}</p><p><small>Timelines: state of the gate; fastest joint '
        "(blue, rad/s); distance of the person (brown, m); the grey span is the fault."
        f"</small></p>{sections}</html>\n"
    )


def _table_row(row: Row) -> str:
    near = "" if row.min_human_distance_m is None else f"{row.min_human_distance_m:.2f}"
    cells = (
        f'<a href="#{row.fault}">{row.fault}</a>',
        row.expected_state.replace("|", "<br>"),
        row.observed_state,
        "" if row.reaction_ticks is None else str(row.reaction_ticks),
        "" if row.bound_ticks is None else str(row.bound_ticks),
        str(row.limit_violations),
        near,
        html.escape(row.recovery),
        '<span class="good">yes</span>' if row.passed else '<span class="bad">no</span>',
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _section(row: Row, picture: str) -> str:
    reasons = "".join(f"<li>{html.escape(text)}</li>" for text in row.reasons)
    trouble = "" if row.passed else f'<p class="bad">{html.escape(row.detail)}</p>'
    return (
        f'<section id="{row.fault}"><h2>{row.fault}</h2><small>{html.escape(row.group)}: '
        f"{html.escape(row.doc)}</small>{trouble}{picture}<ul>{reasons}</ul></section>"
    )


def timeline(trial: Trial) -> str:
    """State, speed, distance and the span of the fault over time, as an SVG."""
    evidence = trial.evidence
    times = [word.at for word in evidence.words] + [sample.at for sample in evidence.joints]
    times += [room.at for room in evidence.rooms]
    if not times:
        return ""
    first = max(min(times), trial.begin - 3.0)
    last = max(max(times), first + 1e-3)

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT) * (at - first) / (last - first)

    height = BAND + 2 * CURVE + 24
    begin, end = x(max(first, trial.begin)), x(min(last, trial.end))
    parts = [
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" width="100%" role="img">',
        f'<rect x="{begin:.1f}" y="0" width="{max(1.0, end - begin):.1f}" '
        f'height="{height - 16:g}" fill="#e9ecef"/>',
        *_state_band(evidence, x, first, last),
        _curve(_speeds(evidence, first), x, BAND + 4, FASTEST, "#2f6fb0"),
        _curve(_distances(evidence, first), x, BAND + CURVE + 8, FARTHEST, "#8a5a2b"),
    ]
    for top, label in ((BAND + 4, f"{FASTEST:g} rad/s"), (BAND + CURVE + 8, f"{FARTHEST:g} m")):
        parts.append(f'<text x="0" y="{top + 9:g}" font-size="9" fill="#5b6570">{label}</text>')
    for second in range(math.ceil(first - trial.begin), math.floor(last - trial.begin) + 1):
        at = x(trial.begin + second)
        parts.append(
            f'<text x="{at:.1f}" y="{height - 4:g}" font-size="9" fill="#5b6570" '
            f'text-anchor="middle">{second} s</text>'
        )
    return "".join(parts) + "</svg>"


def _state_band(
    evidence: Evidence, x: Callable[[float], float], first: float, last: float
) -> list[str]:

    parts, words = [], [word for word in evidence.words if word.at >= first]
    index = 0
    while index < len(words):
        after = index
        while after < len(words) and words[after].state == words[index].state:
            after += 1
        until = words[after].at if after < len(words) else last
        left, right = x(words[index].at), x(until)
        state = words[index].state
        parts.append(
            f'<rect x="{left:.1f}" y="0" width="{max(0.5, right - left):.1f}" height="{BAND:g}" '
            f'fill="{COLOURS[state]}"><title>{state}</title></rect>'
        )
        index = after
    for before, word in pairwise(words):
        if word.at - before.at > 0.2:
            left, right = x(before.at), x(word.at)
            parts.append(
                f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{BAND:g}" '
                f'fill="{COLOURS["SILENT"]}"><title>no word of the gate</title></rect>'
            )
    return parts


def _speeds(evidence: Evidence, first: float) -> list[tuple[float, float]]:
    samples = [sample for sample in evidence.joints if sample.at >= first]
    step = max(1, len(samples) // POINTS)
    return [
        (chunk[0].at, max(float(abs(sample.velocity).max()) for sample in chunk))
        for chunk in (samples[at : at + step] for at in range(0, len(samples), step))
    ]


def _distances(evidence: Evidence, first: float) -> list[tuple[float, float]]:
    samples = [room for room in evidence.rooms if room.at >= first]
    step = max(1, len(samples) // POINTS)
    return [(room.at, room.distance) for room in samples[::step]]


def _curve(
    points: list[tuple[float, float]],
    x: Callable[[float], float],
    top: float,
    most: float,
    colour: str,
) -> str:

    runs: list[list[str]] = [[]]
    for at, value in points:
        if not math.isfinite(value):
            runs.append([])
            continue
        y = top + CURVE * (1.0 - min(max(value, 0.0), most) / most)
        runs[-1].append(f"{x(at):.1f},{y:.1f}")
    base = (
        f'<line x1="{LEFT:g}" x2="{WIDTH:g}" y1="{top + CURVE:g}" y2="{top + CURVE:g}" '
        'stroke="#ccd2d9"/>'
    )
    return base + "".join(
        f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" stroke-width="1.2"/>'
        for run in runs
        if len(run) > 1
    )
