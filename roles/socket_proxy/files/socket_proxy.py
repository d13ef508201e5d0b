# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a worker and the Docker engine and lets through what flow runs need.

A request is never forwarded: it is understood, and the engine is asked anew for
what was understood. Everything else is answered with 403 and the reason, as the
engine words its errors, so that it shows in the flow run's log.

Runs in an image of Prefect, which has all that it imports.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import typing as t
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import anyio
import httpx
import uvicorn
from socket_policy import (
    MAX_BODY,
    OWNER_LABEL,
    Policy,
    Refused,
    check_image,
    check_labels,
    check_made,
    check_name,
    check_network,
    connection,
    creation,
    login,
    parse,
    shown,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

if t.TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BODY_SECONDS = 30
"""How long a client may take to send a body."""

ANSWER_SECONDS = 120
"""How long the engine may take for what it answers at once."""

VERSION = r"(?:/v(?P<version>1\.(?:2[4-9]|[3-9][0-9])))?"
CONTAINER = r"/containers/(?P<container>[A-Za-z0-9][A-Za-z0-9_.-]*)"
# An image's name has slashes in it, and a digest's @ may come encoded.
IMAGE = r"/images/(?P<image>(?:[A-Za-z0-9._:@/-]|%40)+)/json"

NO = r"0|false|False"
FLAG = rf"1|true|True|{NO}"
SECONDS = r"-?[0-9]{1,6}"


class Route(t.NamedTuple):
    """What may be asked.

    :param methods: Methods.
    :param path: Pattern of the path as it came, still encoded, after the version.
    :param handler: Name of the proxy's method that answers.
    :param query: Patterns of the parameters' values.
    :param body: Whether it may have one.
    """

    methods: tuple[str, ...]
    path: str
    handler: str
    query: t.Mapping[str, str] = {}
    body: bool = False


LOGS = {"stdout": FLAG, "stderr": FLAG, "follow": FLAG, "timestamps": FLAG, "tail": "all|[0-9]{1,9}"}
LOGS |= {"since": r"[0-9.]{1,20}", "until": r"[0-9.]{1,20}"}
ROUTES = (
    Route(("GET", "HEAD"), "/_ping", "plain"),
    Route(("GET",), "/version", "plain"),
    Route(("POST",), "/auth", "login", body=True),
    Route(("GET",), IMAGE, "image"),
    Route(("POST",), "/images/create", "pull", {"fromImage": ".+", "tag": ".*", "platform": "[a-z0-9/]*"}),
    Route(("POST",), "/containers/create", "create", {"name": ".+", "platform": "[a-z0-9/]*"}, body=True),
    Route(("GET",), f"{CONTAINER}/json", "container", {"size": FLAG}),
    Route(("GET",), f"{CONTAINER}/logs", "container", LOGS),
    Route(("POST",), f"{CONTAINER}/start", "container"),
    Route(("POST",), f"{CONTAINER}/stop", "container", {"t": SECONDS}),
    Route(("POST",), f"{CONTAINER}/kill", "container", {"signal": "[A-Z0-9+]{1,12}"}),
    Route(("POST",), f"{CONTAINER}/wait", "container", {"condition": "not-running|next-exit|removed"}),
    Route(("DELETE",), CONTAINER, "container", {"v": FLAG, "force": FLAG, "link": NO}),
    Route(("GET",), "/networks/(?P<network>[A-Za-z0-9][A-Za-z0-9_.-]*)", "network"),
    Route(("POST",), "/networks/(?P<network>[A-Za-z0-9][A-Za-z0-9_.-]*)/connect", "connect", body=True),
)
PATTERNS = [(re.compile(VERSION + route.path), route) for route in ROUTES]

KEPT = ("content-type", "api-version", "docker-experimental", "ostype", "server")
"""Headers of an answer that are handed on, beside its length."""


class Asked(t.NamedTuple):
    """A request that was understood.

    :param method: Its method.
    :param version: Version of the API, C(/v1.41), or nothing.
    :param path: The rest of the path.
    :param parts: Named parts of the path.
    :param query: Parameters.
    :param request: The request itself.
    """

    method: str
    version: str
    path: str
    parts: dict[str, str]
    query: dict[str, str]
    request: Request


def log(line: str) -> None:
    """Print a line for C(docker logs)."""
    print(line.encode("ascii", "backslashreplace").decode(), file=sys.stderr, flush=True)  # noqa: T201 (what logs are here)


def understood(request: Request) -> tuple[Asked, Route]:
    """Find what a request asks for.

    :raises Refused: Nothing that is known.
    """
    raw = request.scope.get("raw_path") or b""
    path = raw.decode("latin-1").split("?")[0]
    for pattern, route in PATTERNS:
        found = pattern.fullmatch(path)
        if found is None or request.method not in route.methods:
            continue
        if "upgrade" in request.headers or request.headers.getlist("transfer-encoding") not in ([], ["chunked"]):
            raise Refused("A connection stays HTTP/1.1 here.", 400)
        if "transfer-encoding" in request.headers and "content-length" in request.headers:
            raise Refused("The request has two lengths.", 400)
        if "content-encoding" in request.headers:
            raise Refused("The request is encoded.", 400)
        parts = {name: part for name, part in found.groupdict().items() if part is not None}
        version = f"/v{parts.pop('version')}" if "version" in parts else ""
        return Asked(request.method, version, path[len(version) :], parts, parameters(request, route), request), route
    raise Refused(f"{request.method} {shown(path)[1:-1]} is not something that running flows needs.")


def parameters(request: Request, route: Route) -> dict[str, str]:
    """The parameters of a request.

    :raises Refused: One is not known, given twice, or has a value that it cannot have.
    """
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(request.scope["query_string"]),
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise Refused("The query is not one.", 400) from None
    for name, value in pairs:
        if name not in route.query:
            raise Refused(f"The parameter {shown(name)} is not for flow runs: it is not known to be harmless.")
        if not re.fullmatch(route.query[name], value):
            raise Refused(f"The parameter {name} may not be {shown(value)}.")
    if len(dict(pairs)) != len(pairs):
        raise Refused("The query has a parameter twice.", 400)
    return dict(pairs)


async def body_of(request: Request) -> bytes:
    """Read a body.

    :raises Refused: It is too large or too slow.
    """
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise Refused(f"The body is larger than {MAX_BODY} bytes.", 413)
    except TimeoutError:
        raise Refused(f"The body did not come within {BODY_SECONDS} seconds.", 408) from None
    return bytes(body)


class Answered(Exception):  # noqa: N818 (an answer, not a failure of the program)
    """The engine has answered a question on the way, and the client gets that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Proxy:
    """The ASGI application.

    :param policy: The rules.
    :param engine: Client of the engine.
    """

    def __init__(self, policy: Policy, engine: httpx.AsyncClient) -> None:
        self._policy = policy
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response: Response
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Answered as answered:
            response = answered.response
        except Refused as refusal:
            log(f"refused {request.method} {shown(scope.get('path', ''))} from {self._client(request)}: {refusal}")
            response = JSONResponse({"message": f"The socket proxy refuses this. {refusal}"}, refusal.status)
        except httpx.HTTPError as error:
            log(f"the engine did not answer {request.method} {shown(scope.get('path', ''))}: {error!r}")
            response = JSONResponse(
                {"message": f"The socket proxy has no answer from the Docker engine: {error!r}"}, 502
            )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        asked, route = understood(request)
        if not route.body and await body_of(request):
            raise Refused(f"{asked.method} {asked.path} has no body.", 400)
        response: Response = await getattr(self, route.handler)(asked)
        return response

    @staticmethod
    def _client(request: Request) -> str:
        return request.client.host if request.client else "?"

    # --- What may be asked ---

    async def plain(self, asked: Asked) -> Response:
        """Ask the same of the engine."""
        return await self._pass(asked, asked.path)

    async def login(self, asked: Asked) -> Response:
        """Ask whether a registry takes credentials."""
        return await self._pass(asked, asked.path, body=login(parse(await body_of(asked.request))))

    async def image(self, asked: Asked) -> Response:
        """Look at an image."""
        name = check_image(self._policy, asked.parts["image"].replace("%40", "@"))
        return await self._pass(asked, f"/images/{quote(name, safe='/:')}/json")

    async def pull(self, asked: Asked) -> Response:
        """Pull one image."""
        name, tag = asked.query.get("fromImage", ""), asked.query.get("tag", "")
        # Only a digest has a colon.
        reference = f"{name}@{tag}" if ":" in tag else f"{name}:{tag}" if tag else name
        check_image(self._policy, reference)
        if not tag and "@" not in name and ":" not in name.rpartition("/")[2]:
            raise Refused("An image is pulled by its tag or digest, not with all its tags.")
        return await self._pass(asked, "/images/create", credentials=True)

    async def create(self, asked: Asked) -> Response:
        """Make a container."""
        if "name" in asked.query:
            asked.query["name"] = check_name(self._policy, asked.query["name"])
        wanted = creation(self._policy, parse(await body_of(asked.request)))
        for network in wanted.networks:
            if network not in ("bridge", "none"):
                await self._network(asked, network)
        # An image's labels become the container's. What is refused here leaves nothing behind, not even a volume.
        found = await self._ask(asked, f"/images/{quote(wanted.image, safe='/:')}/json", missing_ok=True)
        check_labels(self._policy, (found.get("Config") or {}).get("Labels") or {}, "The image of a container")
        answer = await self._engine.send(self._request(asked, "/containers/create", body=wanted.body))
        if answer.status_code < 300:
            await self._check_made(asked, str(answer.json()["Id"]))
        passed = {name: answer.headers[name] for name in KEPT if name in answer.headers}
        return Response(answer.content, answer.status_code, passed)

    async def container(self, asked: Asked) -> Response:
        """Use a container that was made here."""
        found = await self._own(asked, asked.parts["container"])
        rest = asked.path[len(f"/containers/{asked.parts['container']}") :]
        if rest == "/start":
            # By its name, it may be asked to start before create() has looked at it.
            check_made(self._policy, found)
        return await self._pass(asked, f"/containers/{found['Id']}{rest}")

    async def network(self, asked: Asked) -> Response:
        """Look at a network, without those that are in it."""
        found = await self._network(asked, asked.parts["network"])
        names = ("Name", "Id", "Created", "Scope", "Driver", "EnableIPv6", "Internal", "Attachable", "Ingress")
        return JSONResponse({name: found[name] for name in names if name in found})

    async def connect(self, asked: Asked) -> Response:
        """Let a container that was made here join one more network."""
        wanted = connection(self._policy, parse(await body_of(asked.request)))
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", wanted):
            raise Refused(f"{shown(wanted)} is not the name of a container.", 400)
        container = await self._own(asked, wanted)
        found = await self._network(asked, asked.parts["network"])
        return await self._pass(asked, f"/networks/{found['Id']}/connect", body={"Container": container["Id"]})

    # --- The engine ---

    async def _own(self, asked: Asked, name: str) -> dict[str, t.Any]:
        """Return a container that was made through this proxy.

        :raises Refused: It was not.
        """
        found = await self._ask(asked, f"/containers/{name}/json")
        labels = (found.get("Config") or {}).get("Labels") or {}
        if labels.get(OWNER_LABEL) != self._policy.network:
            raise Refused(f"The container {name} was not made through this proxy, and is not for flow runs or workers.")
        return found

    async def _check_made(self, asked: Asked, identifier: str) -> None:
        """Keep a container only if its labels were seen and are harmless.

        Between the look at an image and its use, a pull may give its name to another one, and another platform's has
        labels of its own. Making it of the identifier instead would not settle the platform, and hide the image's name.

        :raises Refused: It is made of an image whose labels others act upon.
        """
        try:
            check_made(self._policy, await self._ask(asked, f"/containers/{identifier}/json"))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._remove(asked, identifier)
            raise

    async def _remove(self, asked: Asked, identifier: str) -> None:
        """Remove a container that nobody was told of. If it stays, start is where refused labels are refused again."""
        address = f"http://engine{asked.version}/containers/{identifier}?force=1&v=1"
        try:
            answer = await self._engine.delete(address, timeout=ANSWER_SECONDS)
            failure = "" if answer.status_code in (204, 404) else answer.text
        except httpx.HTTPError as error:
            failure = repr(error)
        if failure:
            log(f"could not remove the container {identifier}, which is not to be used: {failure}")

    async def _network(self, asked: Asked, name: str) -> dict[str, t.Any]:
        """Return a network that a run may join, under whatever name it was asked for."""
        if name == self._policy.network:
            check_network(self._policy, name)
        found = await self._ask(asked, f"/networks/{name}")
        check_network(self._policy, found["Name"])
        if found.get("Driver") == "host":
            check_network(self._policy, "host")
        return found

    async def _ask(self, asked: Asked, path: str, missing_ok: bool = False) -> dict[str, t.Any]:
        """Ask the engine on the way.

        :raises Answered: It has another answer than what was asked for.
        """
        answer = await self._engine.get(f"http://engine{asked.version}{path}", timeout=ANSWER_SECONDS)
        if missing_ok and answer.status_code == 404:
            return {}
        if answer.status_code != 200:
            raise Answered(Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type")))
        found: dict[str, t.Any] = answer.json()
        return found

    def _request(
        self, asked: Asked, path: str, body: t.Mapping[str, t.Any] | None = None, credentials: bool = False
    ) -> httpx.Request:
        """What the engine is asked for what was asked here."""
        headers = {}
        if credentials and (header := asked.request.headers.get("x-registry-auth")) is not None:
            if not re.fullmatch(r"[A-Za-z0-9+/_-]*={0,2}", header):
                raise Refused("The header X-Registry-Auth is not in base64.", 400)
            headers["X-Registry-Auth"] = header
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        return self._engine.build_request(
            asked.method, f"http://engine{asked.version}{path}{query}", headers=headers, content=content
        )

    async def _pass(
        self, asked: Asked, path: str, body: t.Mapping[str, t.Any] | None = None, credentials: bool = False
    ) -> Response:
        """Ask the engine what was asked here and hand on its answer while it comes."""
        answer = await self._engine.send(self._request(asked, path, body, credentials), stream=True)

        async def chunks() -> t.AsyncIterator[bytes]:
            try:
                async for chunk in answer.aiter_raw():
                    yield chunk
            finally:
                with anyio.CancelScope(shield=True):
                    await answer.aclose()

        passed = {name: answer.headers[name] for name in (*KEPT, "content-length") if name in answer.headers}
        return StreamingResponse(chunks(), answer.status_code, passed)


def application(policy: Policy, socket: str) -> Proxy:
    """The application for an engine's socket."""
    # A flow run's logs and its end are waited for as long as it runs.
    timeout = httpx.Timeout(60, read=None, pool=None)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=10)
    transport = httpx.AsyncHTTPTransport(uds=socket, limits=limits)
    return Proxy(
        policy,
        httpx.AsyncClient(
            transport=transport, timeout=timeout, headers={"Accept-Encoding": "identity"}, trust_env=False
        ),
    )


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="Filtering proxy for the Docker engine's socket.")
    parser.add_argument("rules", type=Path, help="JSON file with the rules")
    parser.add_argument("--socket", default="/var/run/docker.sock", help="the engine's socket in this container")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 (no port is published)
    parser.add_argument("--port", type=int, default=2375)
    options = parser.parse_args()
    try:
        policy = Policy.from_json(options.rules.read_text(encoding="utf-8"))
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"The rules in {options.rules} cannot be used: {error}")
    uvicorn.run(
        application(policy, options.socket),
        host=options.host,
        port=options.port,
        http="h11",
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
