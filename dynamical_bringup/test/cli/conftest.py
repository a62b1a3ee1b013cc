"""Commands of ``dynamical``, run in the test's own process."""

from dataclasses import dataclass

import pytest

from dynamical_bringup.cli.main import main


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(request, tmp_path, monkeypatch, capsys):
    """Run a command; ``here`` = against this machine instead of the bridge."""
    monkeypatch.setenv("DYNAMICAL_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments, here=False):
        if here:
            monkeypatch.delenv("DYNAMICAL_URL", raising=False)
        else:
            bridge = request.getfixturevalue("bridge")
            monkeypatch.setenv("DYNAMICAL_URL", bridge.url)
            monkeypatch.setenv("DYNAMICAL_API_KEY", bridge.key)
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command
