"""The skill library: loads descriptors, checks them, keeps newer versions, answers queries.

The descriptors that come with the package are read-only; what is registered at run time is kept in
a folder of its own, one YAML file per skill, written whole and then renamed.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import DescriptorError, SkillsError, UnknownSkillError
from dynamical_skills.library.skill import (
    SKILL_TYPES,
    STATUSES,
    SkillDescriptor,
    descriptor_from_dict,
    descriptor_to_dict,
)

PACKAGED = Path(__file__).with_name("skills.yaml")
BACKGROUND = Path(__file__).with_name("background.yaml")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file whose top level is a mapping.

    Raises:
        DescriptorError: If it cannot be read, naming the file and the line.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DescriptorError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise DescriptorError(f"{path} must hold a mapping, not {type(data).__name__}")
    return data


def load_skills(path: Path = PACKAGED) -> dict[str, SkillDescriptor]:
    """All descriptors of a YAML file with the top-level list ``skills``.

    Raises:
        DescriptorError: If the file or a descriptor is not valid, or an id comes twice.
    """
    items = read_yaml(path).get("skills")
    if not isinstance(items, list):
        raise DescriptorError(f"{path} must hold a list 'skills'")
    result: dict[str, SkillDescriptor] = {}
    for item in items:
        if not isinstance(item, Mapping):
            raise DescriptorError(f"{path}: each skill must be a mapping, not {item!r}")
        descriptor = descriptor_from_dict(item)
        if descriptor.id in result:
            raise DescriptorError(f"{path}: skill {descriptor.id!r} is there twice")
        result[descriptor.id] = descriptor
    return result


def load_background(path: Path = BACKGROUND) -> tuple[str, ...]:
    """Sentences that no skill fits.

    Raises:
        DescriptorError: If the file is not valid.
    """
    sentences = read_yaml(path).get("sentences")
    if not isinstance(sentences, list):
        raise DescriptorError(f"{path} must hold a list 'sentences'")
    return tuple(str(sentence) for sentence in sentences)


class SkillStore:
    """Descriptors by id, the newest version of each.

    Args:
        state: Folder for what is registered at run time; ``None`` = kept in memory alone.
        packaged: Descriptors to start from.

    Raises:
        DescriptorError: If a file is not valid.
    """

    def __init__(self, state: Path | None = None, packaged: Path = PACKAGED) -> None:
        self._lock = threading.Lock()
        self._folder = None if state is None else state / "skills"
        self._skills = load_skills(packaged)
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.yaml")):
                descriptor = descriptor_from_dict(read_yaml(path))
                known = self._skills.get(descriptor.id)
                if known is None or descriptor.release > known.release:
                    self._skills[descriptor.id] = descriptor

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in the order of registration."""
        with self._lock:
            return tuple(self._skills)

    def get(self, skill_id: str) -> SkillDescriptor:
        """The newest version of a skill.

        Raises:
            UnknownSkillError: If there is none.
        """
        with self._lock:
            descriptor = self._skills.get(skill_id)
        if descriptor is None:
            raise UnknownSkillError(skill_id, self.ids)
        return descriptor

    def query(self, *, skill_type: str = "", status: str = "") -> tuple[SkillDescriptor, ...]:
        """Skills of a type and a status; ``""`` = any.

        Raises:
            SkillsError: If there is no such type or status.
        """
        for name, value, allowed in (
            ("skill_type", skill_type, SKILL_TYPES),
            ("status", status, STATUSES),
        ):
            if value and value not in allowed:
                raise SkillsError(
                    ErrorCode.PARAMETER_INVALID,
                    f"{name} is {value[:40]!r}; allowed: {', '.join(allowed)}",
                )
        with self._lock:
            found = tuple(self._skills.values())
        return tuple(
            skill
            for skill in found
            if skill_type in ("", skill.skill_type) and status in ("", skill.status)
        )

    def register(self, descriptor: SkillDescriptor) -> None:
        """Add a skill, or a newer version of one.

        Raises:
            DescriptorError: If that version or a newer one is there, or it cannot be kept.
        """
        with self._lock:
            known = self._skills.get(descriptor.id)
            if known is not None and descriptor.release <= known.release:
                raise DescriptorError(
                    f"skill {descriptor.id!r} {descriptor.version} is not newer than "
                    f"{known.version}, which the library holds"
                )
            if self._folder is not None:
                self._write(self._folder, descriptor)
            self._skills[descriptor.id] = descriptor

    def deploy(self, skill_id: str) -> SkillDescriptor:
        """Mark a skill as deployed.

        Raises:
            UnknownSkillError: If there is none.
            DescriptorError: If it is deprecated, or it cannot be kept.
        """
        skill = self.get(skill_id)
        if skill.status == "deprecated":
            raise DescriptorError(f"skill {skill_id!r} is deprecated and cannot be deployed")
        if skill.status == "deployed":
            return skill
        deployed = replace(skill, status="deployed")
        with self._lock:
            if self._folder is not None:
                self._write(self._folder, deployed)
            self._skills[skill_id] = deployed
        return deployed

    @staticmethod
    def _write(folder: Path, descriptor: SkillDescriptor) -> None:
        path = folder / f"{descriptor.id}.yaml"
        text = yaml.safe_dump(descriptor_to_dict(descriptor), sort_keys=True, allow_unicode=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            with unfinished.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise DescriptorError(
                f"skill {descriptor.id!r} cannot be kept in {path}: {error}"
            ) from error
