"""An OpenAI-compatible endpoint on a real socket, whose answers a test decides.

It holds every request against the protocol and answers 400 to one that breaks it, as servers do.
"""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: a chat completion with ``content``, or what goes wrong instead."""

    content: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    body: bytes | None = None  # instead of a chat completion
    silence: float = 0.0  # before the first byte [s]; ended by the endpoint's end
    drip: bool = False  # the body in single bytes, for ever

    @classmethod
    def plan(cls, *steps: tuple[str, dict[str, str]], **fields) -> "Reply":
        """Steps as skill and parameters, in the form that is asked for."""
        listed = [
            {"skill": skill, "parameters": [{"name": n, "value": v} for n, v in given.items()]}
            for skill, given in steps
        ]
        return cls(content=json.dumps({"steps": listed}), **fields)


class ChatCompletions:
    """``with ChatCompletions(reply, reply, key="...") as endpoint``; the last reply repeats.

    Attributes:
        requests: Bodies of the requests so far.
        authorizations: Their Authorization headers.
    """

    def __init__(self, *replies: Reply, key: str = "") -> None:
        self.key = key
        self.requests: list[dict] = []
        self.authorizations: list[str | None] = []
        self.replies = deque(replies)
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "ChatCompletions":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def next_reply(self) -> Reply:
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]


def fault(request: dict) -> str:
    """What about a request is against the protocol; ``""`` = nothing."""
    if not isinstance(request.get("model"), str) or not request["model"]:
        return "model is missing"
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages are missing"
    for message in messages:
        if message.get("role") not in ("system", "user", "assistant"):
            return "a message has no role"
        if not isinstance(message.get("content"), str):
            return "a message has no content"
    form = request.get("response_format", {})
    if form.get("type") == "json_schema":
        schema = form.get("json_schema", {})
        if not schema.get("name") or not isinstance(schema.get("schema"), dict):
            return "json_schema has no name or no schema"
        return _strict_fault(schema["schema"]) if schema.get("strict") else ""
    return ""


def _strict_fault(schema: dict) -> str:
    """Strict mode wants closed objects whose properties are all required."""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "additionalProperties must be false"
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return "every property must be required"
        return next(filter(None, map(_strict_fault, schema["properties"].values())), "")
    return _strict_fault(schema["items"]) if schema.get("type") == "array" else ""


def _handler(endpoint: ChatCompletions) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.requests.append(request)
            endpoint.authorizations.append(self.headers.get("Authorization"))
            if self.path != "/v1/chat/completions":
                self._send(404, {"error": {"message": f"no {self.path}"}})
            elif endpoint.key and self.headers.get("Authorization") != f"Bearer {endpoint.key}":
                self._send(401, {"error": {"message": "wrong key"}})
            elif fault(request):
                self._send(400, {"error": {"message": fault(request)}})
            else:
                self._reply(endpoint.next_reply(), request)

        def _reply(self, reply: Reply, request: dict) -> None:
            if reply.silence:
                endpoint.ended.wait(reply.silence)
            if reply.drip:
                self._drip()
            elif reply.body is not None:
                self._send(reply.status, reply.body, reply.headers)
            elif reply.status != 200:
                self._send(reply.status, {"error": {"message": "not now"}}, reply.headers)
            else:
                message = {"role": "assistant", "content": reply.content}
                choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
                completion = {
                    "id": "chatcmpl-1",
                    "object": "chat.completion",
                    "created": 0,
                    "model": request["model"],
                    "choices": [choice],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                }
                self._send(200, completion)

        def _drip(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            try:
                while not endpoint.ended.wait(0.05):
                    self.wfile.write(b" ")
                    self.wfile.flush()
            except OSError:
                return

        def _send(self, status: int, body: dict | bytes, headers: dict | None = None) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                return  # the client has gone, as it may

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
