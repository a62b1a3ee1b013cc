"""Asks a language model over the chat-completions protocol that OpenAI's API made common.

Served alike by vLLM, llama.cpp, Ollama and the clouds. One total time limit holds over all attempts;
the key travels in one header and appears nowhere else.

Source: https://platform.openai.com/docs/api-reference/chat and, for ``response_format``,
https://platform.openai.com/docs/guides/structured-outputs.
"""

import ipaddress
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

KEY_VARIABLE = "DYNAMICAL_LLM_KEY"
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)
_ATTEMPTS = 3
_FIRST_WAIT = 0.2  # before the second attempt, then doubled [s]
_LARGEST_ANSWER = 256 * 1024  # [byte]
_MOST_TOKENS = 1500


class ChatError(RuntimeError):
    """The endpoint gave no usable answer; the sentence says why and quotes neither key nor body."""


class ChatUnavailableError(ChatError):
    """The endpoint cannot be had now: not reached, too late or busy."""


class ChatSettingsError(ValueError):
    """Address, model or key are not usable; names the setting and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """Where to ask.

    Attributes:
        url: Base address, e.g. ``"http://localhost:8000/v1"``.
        model: Name of the model as the endpoint knows it.
        timeout: Time for one question, attempts and waits together [s].
        key: Bearer token; ``""`` = none is sent.

    Raises:
        ChatSettingsError: If a value cannot be used, or a key would travel unencrypted.
    """

    url: str
    model: str
    timeout: float = 3.0
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ChatSettingsError(f"llm_url is no address: {error}") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise ChatSettingsError(
                f"llm_url has scheme {url.scheme!r} and host {url.host[:80]!r}; "
                "it must be like 'http://localhost:8000/v1'"
            )
        if url.userinfo:
            raise ChatSettingsError("llm_url holds a password; a key belongs into llm_key_file")
        if not self.model.strip():
            raise ChatSettingsError("llm_model is empty; name a model that the endpoint serves")
        if not 0.0 < self.timeout <= 60.0:
            raise ChatSettingsError(f"llm_timeout is {self.timeout} s, must be over 0, up to 60 s")
        if not (self.key.isascii() and self.key.isprintable()):
            raise ChatSettingsError("the key has characters that no HTTP header may carry")
        if self.key and url.scheme == "http" and not _is_here(url.host):
            raise ChatSettingsError(
                f"the key would travel unencrypted to {url.host[:80]}; use https"
            )


def read_key(file: str) -> str:
    """The key in a file, or of the environment variable ``KEY_VARIABLE``; ``""`` = neither.

    Raises:
        ChatSettingsError: If the file cannot be read or is empty; names the file.
    """
    if not file:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        key = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ChatSettingsError(f"llm_key_file {file} cannot be read: {reason}") from error
    if not key:
        raise ChatSettingsError(f"llm_key_file {file} is empty")
    return key


class ChatClient:
    """Asks one endpoint; safe to call from several threads.

    Args:
        settings: Where to ask.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
        # Redirects would carry the key elsewhere; proxies of the environment nobody has chosen.
        self._http = httpx.Client(headers=headers, follow_redirects=False, trust_env=False)
        self._closed = threading.Event()

    def close(self) -> None:
        """End waiting attempts and let go of the connections."""
        self._closed.set()
        self._http.close()

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Any:
        """The answer as JSON data of the schema; the endpoint is asked to keep to it.

        Args:
            messages: Each with ``role`` and ``content``.
            schema: JSON Schema of the answer.

        Raises:
            ChatError: If there is no complete JSON answer within the time limit.
        """
        request = {
            "model": self._settings.model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": _MOST_TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            },
        }
        return _content(self._post(request))

    def _post(self, request: Mapping[str, Any]) -> bytes:
        end = time.monotonic() + self._settings.timeout
        wait = _FIRST_WAIT
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                status, body, retry_after = self._once(request, end)
            except httpx.TimeoutException as error:
                raise ChatUnavailableError(self._too_late()) from error
            except httpx.HTTPError as error:
                problem = f"it cannot be reached ({type(error).__name__})"
                retry_after = 0.0
            else:
                if status == httpx.codes.OK:
                    return body
                problem = f"it answered HTTP {status}"
                if status not in _TRY_AGAIN:
                    raise ChatUnavailableError(f"the language model is no help: {problem}")
            pause = max(wait, retry_after)
            if attempt == _ATTEMPTS or time.monotonic() + pause >= end:
                raise ChatUnavailableError(
                    f"the language model is no help: {problem}, {attempt} attempt(s) made"
                )
            if self._closed.wait(pause):
                break
            wait *= 2.0
        raise ChatUnavailableError("the language model is no help: it is not asked any more")

    def _once(self, request: Mapping[str, Any], end: float) -> tuple[int, bytes, float]:
        """Status, body and the wait asked for [s]; also a body that drips in slowly ends in time."""
        left = max(end - time.monotonic(), 1e-3)
        url = self._settings.url.rstrip("/") + "/chat/completions"
        body = bytearray()
        with self._http.stream("POST", url, json=request, timeout=left) as response:
            for part in response.iter_bytes():
                body += part
                if time.monotonic() > end:
                    raise httpx.ReadTimeout(self._too_late())
                if len(body) > _LARGEST_ANSWER:
                    raise ChatError(
                        f"the language model is no help: its answer is over {_LARGEST_ANSWER} bytes"
                    )
            return response.status_code, bytes(body), _seconds(response)

    def _too_late(self) -> str:
        return f"the language model is no help: no answer within {self._settings.timeout:g} s"


def _content(body: bytes) -> Any:
    """The JSON data in the first choice of a chat completion."""
    try:
        choice = json.loads(body)["choices"][0]
        finished, content = choice.get("finish_reason"), choice["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ChatError("the language model is no help: that is no chat completion") from error
    if finished == "length":
        raise ChatError("the language model is no help: its answer is cut off")
    if not isinstance(content, str):
        raise ChatError("the language model is no help: it gave no content")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ChatError("the language model is no help: its answer is no JSON") from error


def _seconds(response: httpx.Response) -> float:
    """Of ``Retry-After``; its form with a date counts as none, the own back-off holds then."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
