"""The audit: it only grows, and a line that was tampered with is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_safety import audit
from dynamical_safety.audit import AuditLog, Break, verify

NOW = 1_700_000_000.0


def written(folder: Path, count: int = 5) -> Path:
    log = AuditLog(folder)
    for number in range(count):
        problem = log.append("set_zones", source="test", now=NOW + number, after={"n": number})
        assert problem == ""
    assert log.path is not None
    return log.path


def test_who_did_what_and_when_is_written_and_holds(tmp_path: Path) -> None:
    path = written(tmp_path)
    entries = audit.read(path)
    assert [entry["after"]["n"] for entry in entries] == [0, 1, 2, 3, 4]
    assert entries[0]["source"] == "test"
    assert entries[0]["time"] == "2023-11-14T22:13:20.000+00:00"
    assert entries[0]["previous"] == audit.FIRST
    assert entries[1]["previous"] == entries[0]["hash"]
    assert verify(path) is None
    assert audit.read(path, last=2) == entries[-2:]
    assert verify(tmp_path / "none") is None


def test_a_restarted_gate_goes_on_where_the_chain_ended(tmp_path: Path) -> None:
    written(tmp_path, 2)
    path = written(tmp_path, 2)
    assert [entry["sequence"] for entry in audit.read(path)] == [1, 2, 3, 4]
    assert verify(path) is None


@given(st.data())
def test_any_changed_removed_or_added_line_is_found(data: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder))
        lines = path.read_bytes().splitlines(keepends=True)
        index = data.draw(st.integers(0, 3))
        how = data.draw(st.sampled_from(["change", "remove", "repeat", "swap", "forge"]))
        if how == "change":
            entry = json.loads(lines[index])
            field = data.draw(st.sampled_from(sorted(entry)))
            entry[field] = "somebody else"
            lines[index] = json.dumps(entry).encode() + b"\n"
        elif how == "forge":
            # Changed and sealed anew: the next line no longer follows.
            entry = json.loads(lines[index])
            del entry["hash"]
            lines[index] = audit.sealed({**entry, "source": "somebody else"})
        elif how == "remove":
            del lines[index]
        elif how == "repeat":
            lines.insert(index, lines[index])
        else:
            lines[index], lines[index + 1] = lines[index + 1], lines[index]
        path.write_bytes(b"".join(lines))
        found = verify(path)
        assert found is not None
        first = index + 1 + (how in ("forge", "repeat"))
        assert found.line == first, found


def test_a_torn_last_line_is_named_and_the_next_entry_still_written(tmp_path: Path) -> None:
    path = written(tmp_path, 3)
    path.write_bytes(path.read_bytes()[:-20])
    written(tmp_path, 1)
    assert verify(path) == Break(3, "it is not a JSON object: torn by a crash, or written by hand")
    assert audit.read(path)[-1]["after"] == {"n": 0}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_what_a_full_disk_did_not_take_is_written_later(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    assert log.append("stop", source="a", now=NOW) == ""
    assert log.path is not None
    kept = log.path.rename(tmp_path / "kept")
    os.symlink("/dev/full", log.path)
    problem = log.append("stop", source="b", now=NOW)
    assert "1 audit entries could not be written" in problem
    log.path.unlink()
    kept.rename(log.path)
    assert log.append("stop", source="c", now=NOW) == ""
    assert [entry["source"] for entry in audit.read(log.path)] == ["a", "b", "c"]
    assert verify(log.path) is None
    assert log.waiting == 0


def test_without_a_folder_nothing_is_kept() -> None:
    assert AuditLog(None).append("stop", source="a", now=NOW) == ""


def test_only_what_differs_is_written() -> None:
    before, after = {"a": 1, "b": 2}, {"b": 3, "c": 4}
    assert audit.changes(before, after) == (
        {"a": 1, "b": 2, "c": None},
        {"a": None, "b": 3, "c": 4},
    )
    assert audit.changes(before, before) == ({}, {})
