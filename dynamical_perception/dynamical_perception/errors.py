"""Errors of perception.

::

    PerceptionError
    |-- MountingError    cameras.yaml is wrong
    |-- CameraError      a camera's intrinsics or pictures are wrong
    |-- WorkspaceError   workspaces.yaml is wrong
    |-- KinematicsError  the robot's model or its joint states do not fit
    `-- ModelError       a learned model, or what it is given, cannot be used
"""


class PerceptionError(ValueError):
    """Anything perception refuses; names the thing, the value and what would be right."""


class MountingError(PerceptionError):
    """The file that says where cameras are mounted is wrong.

    Args:
        file: The file.
        camera: Camera at fault, or ``""`` for the file as a whole.
        field: Field at fault, or ``""`` for the camera as a whole.
        problem: What is wrong and what would be right.
    """

    def __init__(self, file: str, problem: str, *, camera: str = "", field: str = "") -> None:
        place = f"camera {camera!r}" if camera else ""
        place += f", field {field!r}" if field else ""
        super().__init__(f"{file}: {place + ': ' if place else ''}{problem}")
        self.file = file
        self.camera = camera
        self.field = field


class WorkspaceError(PerceptionError):
    """The file that says where robots work is wrong.

    Args:
        file: The file.
        workspace: Workspace at fault, or ``""`` for the file as a whole.
        problem: What is wrong and what would be right.
    """

    def __init__(self, file: str, workspace: str, problem: str) -> None:
        super().__init__(f"{file}: {f'workspace {workspace!r}: ' if workspace else ''}{problem}")
        self.file = file
        self.workspace = workspace


class CameraError(PerceptionError):
    """A camera's intrinsics or one of its pictures cannot be used.

    Args:
        camera: The camera.
        problem: What is wrong and what would be right.
    """

    def __init__(self, camera: str, problem: str) -> None:
        super().__init__(f"camera {camera!r}: {problem}")
        self.camera = camera


class KinematicsError(PerceptionError):
    """The kinematic model lacks what is asked for, or joint states do not fit it."""


class ModelError(PerceptionError):
    """A learned model, or what it is given, cannot be used.

    Args:
        thing: File, folder or input at fault.
        problem: What is wrong and what would be right.
    """

    def __init__(self, thing: str, problem: str) -> None:
        super().__init__(f"{thing} {problem}")
        self.thing = thing
