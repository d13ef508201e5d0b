# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Prefect API is ready, why not, and waiting for it (private: not for use outside this collection)."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import Response

READY = "ready"
ABSENT_REASONS = frozenset({"refused", "unresolved", "unreachable"})
"""Reasons that mean that no server is there at all, as on a host that is yet to be set up."""

_READY_TIMEOUT = 15.0
"""Seconds one look may take: with a hanging database the server needs 12 s to say so."""

_WORDS = {
    "refused": "the connection is refused: nothing listens there (yet)",
    "unresolved": "the host name does not resolve (yet)",
    "unreachable": "the host cannot be reached",
    "starting": "something accepts connections, but the API does not answer yet",
    "database_down": "the server runs, but its database is not available",
    "error": "the server runs, but fails",
}


@dataclass(frozen=True)
class Readiness:
    """One look at a server.

    :param reason: ``ready``, ``refused``, ``unresolved``, ``unreachable``, ``starting``, ``database_down``,
        ``error``, ``unauthorized``, ``tls_not_trusted`` or ``not_prefect``.
    :param message: The same in a sentence that names the URL.
    :param version: Prefect's version, once ready.
    """

    reason: str
    message: str
    version: t.Optional[str] = None

    @property
    def ready(self) -> bool:
        """Whether the API can be used."""
        return self.reason == READY

    @property
    def final(self) -> bool:
        """Whether waiting cannot help."""
        return self.reason in ("unauthorized", "tls_not_trusted", "not_prefect")


def look(client: Client, timeout: float = _READY_TIMEOUT) -> Readiness:
    """Look once, without retries.

    ``/ready`` tells about the server and its database but asks for no credentials, so ``/admin/version`` follows.

    :param timeout: Seconds each of the two requests may take.
    """
    try:
        answer = client.probe("/ready", timeout)
        if answer.status != 200 or not _says_ok(answer):
            return _judge(client, "/ready", answer)
        answer = client.probe("/admin/version", timeout)
    except TransportError as exc:
        return _judge_transport(exc)
    version = _body(answer)
    if answer.status == 200 and isinstance(version, str):
        return Readiness(READY, f"{client.api_url} is ready, Prefect {version}", version)
    return _judge(client, "/admin/version", answer)


def wait_until_ready(
    client: Client,
    seconds: float,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> Readiness:
    """Look until the API is ready, at growing intervals of 0.1 to 1 s.

    :param seconds: How long to wait at most.
    :raises PrefectError: Waiting cannot help, or the time is over; names the last reason.
    """
    end = clock() + seconds
    pause = 0.1
    while True:
        left = end - clock()
        state = look(client, max(0.5, min(_READY_TIMEOUT, left)))
        if state.ready:
            return state
        if state.final:
            raise not_ready_error(state, client)
        if clock() + pause >= end:
            raise PrefectError(
                f"{client.api_url} was not ready within {seconds:g} s; the last reason: {state.message}",
                ready=False,
                reason=state.reason,
                api_url=client.api_url,
            )
        sleep(pause)
        pause = min(pause * 1.5, 1.0)


def not_ready_error(state: Readiness, client: Client) -> PrefectError:
    """Return the error for an API that is not ready."""
    return PrefectError(state.message, ready=False, reason=state.reason, api_url=client.api_url)


def _judge(client: Client, path: str, answer: Response) -> Readiness:
    url = client.api_url + path
    where = f"GET {url}: HTTP {answer.status}"
    body = _body(answer)
    words = body.get("message") or body.get("exception_message") if isinstance(body, dict) else None
    said = f" ({words})" if isinstance(words, str) else ""
    if answer.status in (401, 403):
        return Readiness("unauthorized", f"{where}{said}: unauthorized. {client.hint(path, answer)}".rstrip())
    if answer.status == 503 and isinstance(words, str) and "database" in words.lower():
        return Readiness("database_down", f"{where}{said}: {_WORDS['database_down']}")
    if answer.status in (408, 425, 429, 502, 503, 504):
        return Readiness("starting", f"{where}{said}: {_WORDS['starting']}")
    if answer.status >= 500:
        return Readiness("error", f"{where}{said}: {_WORDS['error']}")
    if 300 <= answer.status < 400:
        return Readiness("not_prefect", f"{where}: not Prefect's API. {client.hint(path, answer)}")
    return Readiness(
        "not_prefect",
        f"{where}: what answers there is not Prefect's API. Does api_url end with the API's path (usually /api), and"
        " does it name the right port?",
    )


def _judge_transport(exc: TransportError) -> Readiness:
    if exc.kind == "tls":
        return Readiness("tls_not_trusted", exc.message)
    if exc.kind == "not_http":
        return Readiness("not_prefect", exc.message)
    if exc.kind in ABSENT_REASONS:
        return Readiness(exc.kind, exc.message)
    return Readiness("starting", f"{exc.message}: {_WORDS['starting']}")


def _says_ok(answer: Response) -> bool:
    body = _body(answer)
    return isinstance(body, dict) and body.get("message") == "OK"


def _body(answer: Response) -> t.Any:
    try:
        return json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return None
