# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a container of Prefect's image: a client that knows the public URL, the authority and the credentials.

``client.py talk LINES WORDS`` runs a flow that logs a line a second. ``client.py sockets POOL`` opens every websocket of the API,
with and without credentials, and prints what came of it as JSON.
"""

# Prefect is in the container only.
# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from prefect import flow, get_run_logger, task
from prefect._internal.websockets import create_ssl_context_for_websocket
from prefect.events import Event
from prefect.events.clients import get_events_client, get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.logging.clients import get_logs_subscriber
from prefect.settings import get_current_settings
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


@task
def step(number: int, words: str) -> None:
    """Log one line and take a moment."""
    get_run_logger().info("%s %d", words, number)
    time.sleep(1)


@flow
def talk(lines: int, words: str) -> None:
    """Log a line a second."""
    for number in range(lines):
        step(number, words)


async def knock(url: str, token: str | None, subprotocol: bool = True) -> str:
    """Open a websocket and send credentials; return what the server says to that.

    :param token: What is sent; None for a message without.
    """
    protocols: Any = ["prefect"] if subprotocol else None
    try:
        async with connect(url, ssl=create_ssl_context_for_websocket(url), subprotocols=protocols) as socket:
            await socket.send(json.dumps({"type": "auth", **({} if token is None else {"token": token})}))
            answer = json.loads(await asyncio.wait_for(socket.recv(), 20))
            return str(answer["type"])
    except InvalidStatus as refusal:
        return f"status {refusal.response.status_code}"
    except ConnectionClosed as refusal:
        return f"closed {refusal.rcvd.code if refusal.rcvd else 'without a word'}"


async def take(stream: Any, wanted: int, kept: list[str], word: Any) -> None:
    """Keep the words of a stream's first messages."""
    async for message in stream:
        kept.append(word(message))
        if len(kept) >= wanted:
            return


async def sockets(pool: str) -> dict[str, Any]:
    """Try every websocket by hand, then with Prefect's own clients while a flow runs for longer than any time-out of headers."""
    api = get_current_settings().api
    base = str(api.url).replace("https:", "wss:", 1)
    token = api.auth_string.get_secret_value() if api.auth_string else None
    paths = {
        "/events/in",
        "/events/out",
        "/logs/out",
        "/task_runs/subscriptions/scheduled",
        f"/work_pools/{pool}/workers/connect",
    }
    knocks = {
        "credentials": {path: await knock(base + path, token) for path in paths},
        "none": {path: await knock(base + path, None) for path in paths},
        "wrong": {path: await knock(base + path, "admin:wrong") for path in paths},
        "no subprotocol": {path: await knock(base + path, None, subprotocol=False) for path in paths},
    }
    events: list[str] = []
    logs: list[str] = []
    mine = EventFilter(event=EventNameFilter(name=["browser.test"]))
    lines = 12
    async with get_events_subscriber(filter=mine) as events_out, get_logs_subscriber() as logs_out:
        listeners = asyncio.gather(
            take(events_out, 2, events, lambda event: event.payload["number"]),
            take(logs_out, lines, logs, lambda log: log.message),
        )
        async with get_events_client() as events_in:
            await events_in.emit(
                Event(event="browser.test", resource={"prefect.resource.id": "t"}, payload={"number": 1})
            )
            await asyncio.to_thread(talk, lines, "spoken")
            # The same websocket, after the flow.
            await events_in.emit(
                Event(event="browser.test", resource={"prefect.resource.id": "t"}, payload={"number": 2})
            )
        await asyncio.wait_for(listeners, 30)
    return {"knocks": knocks, "events": events, "logs": [line for line in logs if "spoken" in line]}


if __name__ == "__main__":
    if sys.argv[1] == "talk":
        talk(int(sys.argv[2]), sys.argv[3])
    else:
        print(json.dumps(asyncio.run(sockets(sys.argv[2]))))
