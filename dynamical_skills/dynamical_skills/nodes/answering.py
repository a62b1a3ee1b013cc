"""Service callbacks that always answer: what goes wrong comes back with code and sentence."""

from collections.abc import Callable
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import SkillsError


def answering(answer: Callable[[Any, Any], None]) -> Callable[[Any, Any], Any]:
    """A service callback that answers what goes wrong with code and sentence."""

    def callback(request: Any, response: Any) -> Any:
        code, text = ErrorCode.NONE, ""
        try:
            answer(request, response)
        except SkillsError as error:
            code, text = error.code, error.text
        except Exception as error:  # noqa: BLE001 - an unanswered request would hang its caller
            code, text = ErrorCode.INTERNAL, f"{type(error).__name__}: {error}"
        for name, value in (
            ("success", code == ErrorCode.NONE),
            ("error_code", int(code)),
            ("error_msg", text),
        ):
            if hasattr(response, name):
                setattr(response, name, value)
        return response

    return callback
