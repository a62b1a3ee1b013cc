"""Where messages of supervision meet plain values."""

from array import array
from typing import Any

from dynamical_interfaces import seal
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import SafetyReason
from dynamical_safety.findings import Demand
from dynamical_safety.gate_watch import GateStatus
from dynamical_safety.reasons import Reason
from dynamical_safety.supervision_watch import SupervisionWord
from dynamical_safety.watchdog import Permit, Supervision


def gate_status_from_msg(message: Any) -> GateStatus:
    """SafetyStatus -> what the watchdog looks at."""
    return GateStatus(state=message.state, ticks=message.ticks, late_ticks=message.late_ticks)


def permit_to_msg(
    permit: Permit, message: Any, *, key: bytes, sequence: int, stamp_ns: int
) -> Any:
    """Permit -> SafetyPermit, sealed, into a message that is used again and again."""
    stamp = message.header.stamp
    stamp.sec, stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    message.sequence = sequence
    message.permitted = permit.permitted
    message.reason = permit.reason
    message.authentication_tag = array(
        "B",
        seal.permit_tag(
            key,
            sequence=sequence,
            stamp_ns=stamp_ns,
            permitted=permit.permitted,
            reason=permit.reason,
        ),
    )
    return message


def supervision_to_msg(supervision: Supervision, message: Any) -> Any:
    """Supervision -> SupervisionStatus, but for the header."""
    message.demand = int(supervision.demand)
    message.reasons = [_reason_to_msg(finding.reason) for finding in supervision.findings]
    message.silent_nodes = list(supervision.silent_nodes)
    message.throttle = supervision.throttle
    message.permitted = supervision.permit.permitted
    message.gate_age = supervision.gate_age
    message.clock_offset = supervision.clock_offset
    message.memory_available = supervision.resources.memory_available
    message.temperature = supervision.resources.temperature
    return message


def supervision_from_msg(message: Any) -> SupervisionWord:
    """SupervisionStatus -> the watchdog's word; a demand that nobody knows is taken as the gravest."""
    known = message.demand in Demand.__members__.values()
    return SupervisionWord(
        demand=Demand(message.demand) if known else Demand.CONTROLLED_STOP,
        permitted=message.permitted,
        reasons=tuple(_reason_from_msg(reason) for reason in message.reasons),
    )


def _reason_to_msg(reason: Reason) -> SafetyReason:
    return SafetyReason(
        code=int(reason.code),
        subject=reason.subject,
        value=float(reason.value),
        limit=float(reason.limit),
        text=reason.text,
    )


def _reason_from_msg(message: Any) -> Reason:
    known = message.code in ErrorCode.__members__.values()
    return Reason(
        ErrorCode(message.code) if known else ErrorCode.NODE_SILENT,
        message.subject,
        message.text,
        message.value,
        message.limit,
    )
