"""The skill router with a language model behind it, over DDS and HTTP."""

from dynamical_interfaces.srv import Orchestrate

from ..emulators.chat_completions import ChatCompletions, Reply  # noqa: TID252 - tests are no package
from .conftest import node

KEY = "sk-not-for-anyone"


def test_the_router_asks_a_language_model_and_says_when_it_is_no_help(client, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY)
    plan = Reply.plan(("look_at", {"object": "the red cup"}), ("point_at", {"object": "the cup"}))
    with ChatCompletions(plan, Reply.plan(("self_destruct", {})), key=KEY) as endpoint:
        process = node(
            "skill_router_node",
            f"llm_url:={endpoint.url}",
            "llm_model:=planner",
            f"llm_key_file:={key}",
        )
        try:
            process.wait_for("activate: done", 60.0)
            assert not endpoint.requests
            said = "which one of these would the king drink from?"
            response = client.call(Orchestrate, "orchestrate", task_description=said)
            assert response.success, response.error_msg
            assert [list(s.skill_ids) for s in response.plan.steps] == [["look_at"], ["point_at"]]
            response = client.call(Orchestrate, "orchestrate", task_description="wave")
            assert response.success, response.error_msg
            assert response.plan.steps[0].skill_ids[0] == "wave"
            line = process.wait_for("decomposition: ")
            assert "'self_destruct'" in line
            assert not [line for line in process.lines if KEY in line]
        finally:
            code = process.end()
        assert code == 0


def test_a_setting_that_cannot_work_keeps_the_router_from_starting():
    process = node("skill_router_node", "llm_url:=http://models.example/v1")
    try:
        process.wait_for("llm_model is empty", 60.0)
    finally:
        process.end()
