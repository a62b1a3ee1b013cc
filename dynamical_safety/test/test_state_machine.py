"""The table of states, transition by transition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import (
    GRAVITY,
    LATCHING,
    RULE_OF,
    RULES,
    STOP_CATEGORY,
    Cause,
    State,
    StateMachine,
    Transition,
    mermaid,
    transitions,
)

RECOVERY = {"none": 0.0, "settle": 0.3, "resume": 0.5}
TICK = 0.001


def reason(cause: Cause) -> Reason:
    return Reason(RULE_OF[cause].code, cause.name, f"because of {cause.name}")


class Driver:
    """A machine and its clock."""

    def __init__(self) -> None:
        self.machine = StateMachine(RECOVERY)
        self.time = 0.0

    def tick(self, *causes: Cause, times: int = 1) -> State:
        for _ in range(times):
            self.time += TICK
            self.machine.step({cause: reason(cause) for cause in causes}, self.time)
        return self.machine.state

    def bring_to(self, state: State) -> None:
        """By the first rule that leads there."""
        if state == State.INIT:
            self.machine.state = State.INIT
            return
        self.tick()
        if state == State.NORMAL:
            return
        self.machine.moved = True
        rule = next(rule for rule in RULES if rule.target == state)
        assert self.tick(rule.cause, times=rule.confirm) == state


FORWARD = [item for item in transitions() if item.cause is not None]
BACK = [item for item in transitions() if item.cause is None]


@pytest.mark.parametrize("item", FORWARD, ids=lambda t: f"{t.source.name}-{t.cause.name}")
def test_every_cause_leads_where_the_table_says(item: Transition) -> None:
    driver = Driver()
    driver.bring_to(item.source)
    rule = RULE_OF[item.cause]
    driver.machine.moved = driver.machine.moved or rule.once_moved
    for _ in range(rule.confirm - 1):
        driver.tick(item.cause)
        assert GRAVITY[driver.machine.state] <= GRAVITY[item.source]
    assert driver.tick(item.cause) == item.target
    assert reason(item.cause) in driver.machine.reasons


@pytest.mark.parametrize("item", BACK, ids=lambda t: t.source.name)
def test_every_way_back_is_by_itself_or_by_reset_as_the_table_says(item: Transition) -> None:
    driver = Driver()
    driver.bring_to(item.source)
    driver.tick(times=2000)
    if item.by_reset:
        assert driver.machine.state == item.source
        assert driver.machine.reset_required
        assert driver.machine.reset() is None
        assert driver.machine.state == State.INIT
        driver.tick()
    assert driver.machine.state == State.NORMAL
    assert driver.machine.reasons == ()


@pytest.mark.parametrize(
    "rule", [r for r in RULES if r.target in LATCHING], ids=lambda r: r.cause.name
)
def test_a_reset_is_refused_while_the_cause_persists(rule: object) -> None:
    driver = Driver()
    driver.tick()
    driver.machine.moved = True
    cause = rule.cause
    state = driver.tick(cause, times=rule.confirm)
    refusal = driver.machine.reset()
    assert refusal is not None
    assert refusal.code == ErrorCode.RESET_REFUSED
    assert reason(cause).text in refusal.text
    assert driver.machine.state == state


@pytest.mark.parametrize(
    ("cause", "seconds"), [(Cause.PERSON_TOO_CLOSE, 0.5), (Cause.INPUTS_MISSING, 0.3)]
)
def test_recovery_waits_until_the_cause_has_been_gone_long_enough(
    cause: Cause, seconds: float
) -> None:
    driver = Driver()
    driver.tick()
    state = driver.tick(cause)
    driver.tick(times=round(seconds / TICK) - 10)
    assert driver.machine.state == state
    driver.tick(times=20)
    assert driver.machine.state == State.NORMAL


def test_a_short_hiccup_is_not_confirmed() -> None:
    driver = Driver()
    driver.tick()
    for _ in range(20):
        driver.tick(Cause.JOINTS_PAUSED, times=RULE_OF[Cause.JOINTS_PAUSED].confirm - 1)
        assert driver.tick() == State.NORMAL


@pytest.mark.parametrize("rule", [r for r in RULES if r.once_moved], ids=lambda r: r.cause.name)
def test_before_anything_moved_a_lost_input_latches_nothing(rule: object) -> None:
    driver = Driver()
    driver.tick()
    driver.tick(rule.cause, times=100)
    assert driver.machine.state == State.NORMAL


@given(st.lists(st.tuples(st.sets(st.sampled_from(list(Cause))), st.booleans()), max_size=60))
def test_the_state_is_never_freer_than_any_confirmed_cause_demands(history: object) -> None:
    driver = Driver()
    driver.machine.moved = True
    counts: dict[Cause, int] = {}
    for causes, reset in history:
        if reset:
            before, refusal = driver.machine.state, driver.machine.reset()
            if before in LATCHING and refusal is not None:
                assert driver.machine.state == before
            driver.machine.moved = True
        latched = driver.machine.state in LATCHING
        before = driver.machine.state
        state = driver.tick(*causes)
        counts = {cause: counts.get(cause, 0) + 1 for cause in causes}
        for cause, count in counts.items():
            if count >= RULE_OF[cause].confirm:
                assert GRAVITY[state] >= GRAVITY[RULE_OF[cause].target]
        if latched:
            assert GRAVITY[state] >= GRAVITY[before]


def test_every_cause_has_exactly_one_rule_and_every_state_a_category() -> None:
    assert len(RULES) == len(Cause) == len(RULE_OF)
    assert set(GRAVITY) == set(STOP_CATEGORY) == set(State)
    assert all(200 <= rule.code < 300 and rule.doc for rule in RULES)
    assert {rule.recover for rule in RULES} <= set(RECOVERY)


def test_the_picture_names_every_state_and_every_cause() -> None:
    picture = mermaid()
    for state in State:
        assert state.name in picture
    for cause in Cause:
        assert cause.name in picture
