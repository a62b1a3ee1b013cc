"""Error codes of the whole graph, one block of 100 per owner.

``NONE`` is shared. A code travels beside a sentence that names the thing, the value and what would be right.
"""

from enum import IntEnum


class ErrorCode(IntEnum):
    """Codes used in messages, action results and REST answers."""

    NONE = 0

    # 1xx perception
    CAMERA_SILENT = 101
    TRACK_NOT_FOUND = 102
    CALIBRATION_MISSING = 103

    # 2xx safety
    COMMAND_NOT_FINITE = 201
    COMMAND_STALE = 202
    COMMAND_OUT_OF_ORDER = 203
    COMMAND_UNKNOWN_JOINT = 204
    COMMAND_WRONG_SIZE = 205
    POSITION_LIMIT = 206
    VELOCITY_LIMIT = 207
    ACCELERATION_LIMIT = 208
    EFFORT_LIMIT = 209
    PERSON_NEAR = 210
    PERSON_TOO_CLOSE = 211
    TRACKS_STALE = 212
    JOINT_STATE_STALE = 213
    FORECAST_STALE = 214
    EMERGENCY_STOP_REQUESTED = 215
    INPUTS_MISSING = 216
    RESET_REFUSED = 217
    ZONE_INVALID = 218
    ZONE_OCCUPIED = 219
    TRACKING_ERROR = 220
    COMMAND_SILENT = 221
    TWO_GATES = 222
    COLLISION_FORECAST = 223

    # 3xx control
    CHUNK_INVALID = 301
    CHUNK_UNKNOWN_JOINT = 302
    CHUNK_STARVED = 303
    DRIVER_LOST = 304
    SIMULATION_REQUEST_INVALID = 305
    COMMAND_NOT_AUTHENTIC = 306

    # 4xx skills
    GOAL_EMPTY = 401
    GOAL_TOO_LONG = 402
    SKILL_UNKNOWN = 403
    ROBOT_UNKNOWN = 404
    NO_SKILL_FITS = 405
    OBJECT_NOT_SEEN = 406
    OBJECT_AMBIGUOUS = 407
    OUT_OF_REACH = 408
    PRECONDITION_FAILED = 409
    POSTCONDITION_FAILED = 410
    MOTION_FAILED = 411
    SAFETY_STOPPED = 412
    TIMEOUT = 413
    CANCELLED = 414
    PREEMPTED = 415
    QUEUE_FULL = 416
    PARAMETER_INVALID = 417
    SKILL_INVALID = 418
    ROLE_UNSUPPORTED = 419
    MODE_UNSUPPORTED = 420
    WORKSPACE_UNKNOWN = 421
    PLANNING_FAILED = 422
    NOT_UNDERSTOOD = 423
    INTERNAL = 499

    # 5xx learning and privacy: none yet

    # 6xx bridge and runner
    GRAPH_UNAVAILABLE = 601
    EXECUTION_UNKNOWN = 602
    KEY_INVALID = 603
    REQUEST_INVALID = 604
    ALREADY_RUNNING = 605
    STORAGE_FULL = 606


OWNERS = {
    100: "perception",
    200: "safety",
    300: "control",
    400: "skills",
    500: "learning",
    600: "bridge and runner",
}
