# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a public URL gives to those outside (private: not for use outside this collection)."""

from __future__ import annotations

import json
import time
import typing as t
import urllib.parse
from functools import partial

from ansible.module_utils.urls import make_context

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport, Response
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import look
from ansible_collections.selfhosted.prefect.plugins.module_utils._websocket import log_in

_CLOSED = frozenset({401, 403, 404, 418})
"""Statuses of a closed path, asked for without credentials; 401 counts only where they are of no use either."""


class _ProblemError(Exception):
    """One thing that is not as it should be."""


class Examination:
    """One look at everything.

    :param client: The API by the public URL, with the credentials.
    :param params: The module's options.
    """

    def __init__(self, client: Client, params: t.Mapping[str, t.Any]) -> None:
        self._client = client
        self._params = params
        self._api = client.api_url
        self._parts = urllib.parse.urlsplit(self._api)
        self._transport = KeptAliveTransport(validate_certs=params["validate_certs"], ca_path=params["ca_path"])
        self.version: t.Optional[str] = None

    def checks(self) -> t.List[Json]:
        """Return what was looked at, in order. Where the API is not ready, nothing more is known."""
        found = [self._check("ready", self._ready)]
        if not found[0]["ok"]:
            return found
        return [
            *found,
            self._check("version", self._release),
            self._check("authentication", self._authentication),
            self._check("ui", self._ui),
            self._check("redirects", self._redirects),
            *[self._check(f"websocket {path}", partial(self._websocket, path)) for path in self._websockets()],
            *[self._check(f"closed {path}", partial(self._closed, path)) for path in self._closed_paths()],
        ]

    @staticmethod
    def _check(name: str, work: t.Callable[[], str]) -> Json:
        try:
            return {"name": name, "ok": True, "message": work()}
        except (_ProblemError, PrefectError) as exc:
            return {"name": name, "ok": False, "message": str(exc)}

    def _anonymous(self, url: str) -> Response:
        return self._transport.send("GET", url, {"Accept": "application/json"}, None, self._params["timeout"])

    def _ready(self) -> str:
        state = look(self._client)
        if not state.ready:
            raise _ProblemError(state.message)
        self.version = state.version
        return state.message

    def _release(self) -> str:
        wanted = self._params["version"]
        if wanted and wanted != self.version:
            raise _ProblemError(f"{self._api} has Prefect {self.version}, and should have {wanted}")
        return f"Prefect {self.version}"

    def _authentication(self) -> str:
        url = f"{self._api}/admin/version"
        status = self._anonymous(url).status
        if not self._client.authenticated:
            return f"GET {url} without credentials: HTTP {status}, as nobody is to be asked for any"
        if status != 401:
            raise _ProblemError(
                f"GET {url} without credentials: HTTP {status} instead of 401. Who reaches this URL may use the API; has"
                " the server its auth string, and does no proxy add credentials?"
            )
        return f"GET {url} without credentials: HTTP 401"

    def _ui(self) -> str:
        url = self._params["ui_url"] or self._api.rpartition("/")[0]
        answer = self._anonymous(f"{url}/ui-settings")
        try:
            settings = json.loads(answer.body.decode("utf-8"))
            told = str(settings["api_url"])
        except (ValueError, KeyError, TypeError):
            raise _ProblemError(
                f"GET {url}/ui-settings: HTTP {answer.status}, not the settings of Prefect's UI"
            ) from None
        wanted = self._params["ui_api_url"] or self._api
        if told.rstrip("/") != wanted.rstrip("/"):
            raise _ProblemError(f"the UI at {url} is told to use the API at {told}, and should use {wanted}")
        if bool(settings.get("auth")) != self._client.authenticated and not self._params["api_key"]:
            raise _ProblemError(
                f"the UI at {url} {'does not ask' if not settings.get('auth') else 'asks'} for credentials"
            )
        return f"the UI at {url} uses {told}"

    def _redirects(self) -> str:
        # Prefect answers a slash too many with an absolute URL, whose scheme it has from the proxy.
        answer = self._client.probe("/health/", self._params["timeout"])
        url = f"{self._api}/health/"
        location = answer.headers.get("location", "")
        if not 300 <= answer.status < 400:
            raise _ProblemError(f"GET {url}: HTTP {answer.status} instead of a redirect")
        target = urllib.parse.urlsplit(urllib.parse.urljoin(url, location))
        if (target.scheme, target.netloc) != (self._parts.scheme, self._parts.netloc):
            raise _ProblemError(
                f"GET {url} is redirected to {location}, away from {self._parts.scheme}://{self._parts.netloc}. The proxy must send"
                " X-Forwarded-Proto and the Host it was asked for, and the server must trust it"
                " (prefect_server_trusted_proxies)"
            )
        return f"GET {url} is redirected to {location}"

    def _websockets(self) -> t.Sequence[str]:
        # A bearer token is nothing that the server itself knows of.
        return [] if self._params["api_key"] else t.cast("t.Sequence[str]", self._params["websockets"])

    def _websocket(self, path: str) -> str:
        context = make_context(cafile=self._params["ca_path"], validate_certs=self._params["validate_certs"])
        log_in(self._api + path, self._params["api_auth_string"] or "", context, self._params["timeout"])
        return f"{path} opens and takes the credentials"

    def _closed_paths(self) -> t.Sequence[str]:
        return t.cast("t.Sequence[str]", self._params["closed_paths"])

    def _closed(self, path: str) -> str:
        base = urllib.parse.urlunsplit((self._parts.scheme, self._parts.netloc, "", "", ""))
        own = path.startswith(self._parts.path + "/")
        # With the credentials, where they are for: 401 alone would only say that the server asks for them.
        answer = (
            self._client.probe(path[len(self._parts.path) :], self._params["timeout"])
            if own
            else self._anonymous(base + path)
        )
        if answer.status not in _CLOSED or (own and answer.status == 401):
            raise _ProblemError(
                f"GET {base}{path}: HTTP {answer.status}. It is open, and should be closed by the proxy"
            )
        return f"GET {base}{path}: HTTP {answer.status}"


def examine(
    client: Client,
    params: t.Mapping[str, t.Any],
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> Json:
    """Look at a public URL until all is in order or the time is over, and return what was found.

    :param params: The options of the module ``public_url_info``.
    """
    end = clock() + (params["wait_timeout"] if params["wait"] else 0)
    while True:
        examination = Examination(client, params)
        checks = examination.checks()
        problems = [check["message"] for check in checks if not check["ok"]]
        if not problems or clock() >= end:
            return {"changed": False, "checks": checks, "problems": problems, "version": examination.version}
        sleep(1.0)
