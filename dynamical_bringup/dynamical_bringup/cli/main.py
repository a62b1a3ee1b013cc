"""Arguments and exit codes of ``dynamical``; the work is in ``commands`` and ``invoke``.

Heavy modules are imported by the command that needs them, so that ``dynamical stop`` is quick.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dynamical_bringup.cli import access, executions, plan, route, safety, skills
from dynamical_bringup.cli.outcome import DONE, INTERRUPTED, CommandError
from dynamical_bringup.description import DEFAULT_WORKSPACE

_EPILOG = """exit codes: 0 done; 1 the robot refused or failed; 2 wrong arguments;
3 no platform is running; 4 the platform is unhealthy or does not answer; 130 interrupted.
Without a platform on this machine, DYNAMICAL_URL and DYNAMICAL_API_KEY name one elsewhere."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="dynamical",
        description="Run a humanoid: bring the platform up, tell it what to do, stop it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one JSON object")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    up = command("up", "Bring the platform up and stay until Ctrl-C.")
    up.add_argument("--detach", action="store_true", help="return once it is healthy")
    up.add_argument("--port", type=int, default=8080, help="REST port; 0 = any free one")
    up.add_argument("--robot-id", help="instead of the one in platform.yaml")
    up.add_argument(
        "--robots",
        type=int,
        choices=(1, 2),
        default=1,
        help="2: thor_001 and thor_002 face each other in one simulated room",
    )
    up.add_argument(
        "--workspace",
        default=DEFAULT_WORKSPACE,
        metavar="NAME",
        help=f"place of workspaces.yaml where the robot stands; default: {DEFAULT_WORKSPACE}",
    )
    up.add_argument("--config", type=Path, metavar="FOLDER", help="folder with platform.yaml")
    up.add_argument("--only", nargs="+", default=[], metavar="NODE", help="start these nodes only")
    up.add_argument("--record", type=Path, metavar="FOLDER", help="keep the run as a rosbag2 bag")
    up.add_argument("--log-level", default="info", choices=("debug", "info", "warn", "error"))
    command("down", "End the platform that runs here.")
    command("status", "Health of the platform, of each node, and what the robot is doing.")

    invoke = command("invoke", "Tell the robot what to do, and watch it do it.")
    invoke.add_argument("text", metavar="TEXT", help='a sentence: "pick up the red cup"')
    invoke.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="stay until the end (Ctrl-C cancels); --no-wait returns at the first motion",
    )
    invoke.add_argument(
        "--skill", action="append", default=[], metavar="ID", help="use this skill"
    )
    invoke.add_argument("--timeout", type=float, default=120.0, metavar="S", help="limit [s]")
    invoke.add_argument("--robot-id", help="instead of the robot that runs here")

    skills.add_commands(command("skills", "Skills of the robot; or see one, or add one."))
    about = "What was asked of the robot, and what becomes of it."
    executions.add_commands(
        commands.add_parser("executions", help=about, description=about), shared
    )
    about = "Which skills a sentence leads to, and why not to the others; runs nothing."
    route.add_arguments(command("route", about))
    about = "Steps, skills, robot and order that a sentence leads to, as a tree; runs nothing."
    plan.add_arguments(command("plan", about))
    logs = command("logs", "What the nodes say.")
    logs.add_argument("node", nargs="?", metavar="NODE", help="one node; default: all")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as lines come")
    logs.add_argument("-n", "--lines", type=int, default=20, help="lines per node to begin with")
    stop = command("stop", "Stop the robot now; it stays stopped until `dynamical reset`.")
    stop.add_argument("--reason", default="", help="for the record")
    stop.add_argument(
        "--category",
        type=int,
        choices=(0, 1),
        default=1,
        help="1: brake, then hold (default); 0: take the drive torque away",
    )
    command("reset", "Leave a stop, once its cause is gone.")
    # Its commands take --json, not the group: both together would undo each other.
    about = "What the safety gate does, why, and the rules it goes by."
    safety.add_commands(commands.add_parser("safety", help=about, description=about), shared)
    about = "Who may call the platform, and what they may do."
    access.add_key_commands(commands.add_parser("keys", help=about, description=about), shared)
    about = "Who commanded what over REST; do the audits hold?"
    access.add_audit_commands(commands.add_parser("audit", help=about, description=about), shared)
    return top


def _commands() -> dict[str, Callable[[argparse.Namespace], int]]:
    from dynamical_bringup.cli import commands, invoke

    return {
        "up": commands.up,
        "down": commands.down,
        "status": commands.status,
        "invoke": invoke.invoke,
        "skills": skills.run,
        "route": route.run,
        "plan": plan.run,
        "executions": executions.run,
        "logs": commands.logs,
        "stop": commands.stop,
        "reset": commands.reset,
        "safety": safety.run,
        "keys": access.run_keys,
        "audit": access.run_audit,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return _commands()[options.command](options)
    except CommandError as error:
        if options.json:
            print(json.dumps({"success": False, "error": str(error)}))
        else:
            print(f"dynamical: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing more may be written at exit either.
        sys.stdout = sys.stderr
        return DONE


if __name__ == "__main__":
    sys.exit(main())
