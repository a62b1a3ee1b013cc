"""``make faults``: the fault campaign; exit code 0 only if every fault is borne."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dynamical_bringup.faults import report
from dynamical_bringup.faults.campaign import Campaign, Trial
from dynamical_bringup.faults.catalogue import FAULTS
from dynamical_bringup.faults.fault import Fault, Group


def main() -> int:
    """Carry out the campaign, or one fault or group of it."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(description="Bring faults about in a running platform.")
    parser.add_argument("--only", help="one fault, several with commas between, or a group")
    parser.add_argument("--list", action="store_true", help="name all faults and end")
    parser.add_argument("--out", type=Path, default=Path("out/faults"))
    parser.add_argument("--config", type=Path, help="folder with platform.yaml")
    arguments = parser.parse_args()
    if arguments.list:
        for fault in FAULTS:
            _say(f"{fault.name:<30} {fault.group.value:<16} {fault.doc}")
        return 0
    asked = [name.strip() for name in (arguments.only or "").split(",") if name.strip()]
    known = {*names, *(group.value for group in Group)}
    unknown = [name for name in asked if name not in known]
    if unknown:
        sys.stderr.write(f"faults: no fault {unknown[0]!r}; see --list\n")
        return 2
    chosen = [f for f in FAULTS if not asked or f.name in asked or f.group.value in asked]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        trials = _carry_out(chosen, arguments.out, arguments.config)
    except KeyboardInterrupt:
        sys.stderr.write("faults: interrupted; everything has been taken down\n")
        return 130
    return 0 if trials and all(trial.row.passed for trial in trials) else 1


def _carry_out(chosen: Sequence[Fault], out: Path, config: Path | None) -> list[Trial]:
    trials: list[Trial] = []
    pictures: dict[str, str] = {}
    _say(report.head())
    for trial in Campaign(chosen, say=_say, config_dir=config):
        pictures[trial.row.fault] = report.timeline(trial)
        # What was recorded is large, and its picture is made.
        trials.append(Trial(trial.row, type(trial.evidence)(), trial.begin, trial.end))
        _say(report.line(trial.row))
        report.write(trials, out, pictures)
    _say(report.summary([trial.row for trial in trials]))
    _say(f"report: {out / 'report.html'}")
    return trials


def _interrupt(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # one is enough: taking down must not be cut short
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
