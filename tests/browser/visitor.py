# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a browser: headless Chromium that trusts one more authority, and a list of all that failed on its way."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Request, Response, WebSocket, sync_playwright

from ..testbed.machine import docker, need_packages

PROGRAMS = {"chromium": "chromium", "certutil": "libnss3-tools"}
"""What a visit needs, and the Debian packages that have it."""

SECONDS = 180
"""How long a page may take to show what is looked for."""

# The UI reports to its makers, whatever the server is told of analytics. The proxy keeps the browser from it.
_MAKERS = ".amplitude.com"
# Kinds of requests that pages make for data, as Chromium calls them.
_CALLS = {"xhr", "fetch", "websocket", "eventsource", "ping"}


def trusting_home(place: Path, authority: Path) -> Path:
    """Make a home directory whose Chromium trusts an authority beside those it brings along.

    :param authority: PEM file.
    """
    store = place / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for arguments in (("-N", "--empty-password"), ("-A", "-t", "C,,", "-n", "test authority", "-i", str(authority))):
        subprocess.run(["certutil", "-d", f"sql:{store}", *arguments], check=True, capture_output=True)
    return place


def program_in_network_of(container: str, place: Path) -> Path:
    """Make a program that runs Chromium in the network of a container.

    Chromium drops all that it is loading whenever an address or an interface of its machine comes or goes, as they do all the time
    where containers are started.
    """
    process = docker("inspect", "--format", "{{.State.Pid}}", container)
    program = place / "chromium"
    program.write_text(f'#!/bin/sh\nexec nsenter --net=/proc/{process}/ns/net chromium "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return program


class Visitor:
    """A visit of one public URL.

    :param url: The public URL of a server with authentication.
    :param place: An empty directory for the browser's home.
    :param authority: PEM file of the authority to trust.
    :param pictures: Directory for what was seen.
    :param container: Container whose network the browser is in.
    :param addresses: Names, with or without a port, that lead elsewhere than the system says.
    """

    def __init__(
        self,
        url: str,
        place: Path,
        authority: Path,
        pictures: Path,
        container: str,
        addresses: t.Mapping[str, str],
    ) -> None:
        self.url = url.rstrip("/")
        self.failures: list[str] = []
        """Each request of a page for data that failed since the log-in, and each that would have gone unencrypted."""
        self.calls: list[str] = []
        """Each request of a page for data that was answered since the log-in."""
        self.sockets: list[str] = []
        self.strangers: set[str] = set()
        """Hosts beside the public URL's that pages wanted to talk to."""
        self._record: list[str] = []
        self._pictures = pictures
        self._asked: list[Request] = []
        self._base = ""
        need_packages(PROGRAMS)
        pictures.mkdir(parents=True, exist_ok=True)
        self._playwright = sync_playwright().start()
        try:
            rules = ",".join(f"MAP {name} {address}" for name, address in addresses.items())
            self._browser = self._playwright.chromium.launch(
                executable_path=program_in_network_of(container, place),
                # A container has no user namespaces to spare for the sandbox.
                args=[
                    "--no-sandbox",
                    "--disable-background-networking",
                    *([f"--host-resolver-rules={rules}"] if rules else []),
                ],
                env={**os.environ, "HOME": str(trusting_home(place, authority))},
            )
        except BaseException:
            self._playwright.stop()
            raise
        self.page: Page = self._browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("response", self._answered)
        self.page.on("requestfailed", self._failed)
        self.page.on("websocket", self._socket)
        self.page.on("console", lambda line: self._printed(line.text))
        self.page.on("pageerror", lambda error: self._record.append(f"script: {error}"))

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.picture("failure")
            (self._pictures / "failure.txt").write_text("\n".join([self.page.url, *self._record]), encoding="utf-8")
        self._browser.close()
        self._playwright.stop()

    def picture(self, name: str) -> None:
        """Keep what is seen now."""
        self.page.screenshot(path=self._pictures / f"{name}.png")

    def log_in(self, auth_string: str) -> None:
        """Log in as a person does, and see the dashboard.

        :param auth_string: "user:password", which the UI wants in one field.
        """
        if not self.page.url.startswith(self.url):
            self.page.goto(f"{self.url}/")
        field = self.page.locator("input[type=password]")
        field.wait_for()
        field.fill(auth_string)
        with self.page.expect_response(lambda answer: answer.url.endswith("/api/admin/version") and answer.ok):
            self.page.get_by_role("button", name="Login").click()
        # What was asked before went without credentials.
        self.page.on("request", self._ask)
        self.page.wait_for_url("**/dashboard*")
        self._base = self.page.url.partition("/dashboard")[0]

    def is_refused(self, auth_string: str) -> bool:
        """Whether the UI stays at the log-in page for these credentials."""
        self.page.goto(f"{self.url}/")
        self.page.locator("input[type=password]").fill(auth_string)
        with self.page.expect_response(lambda answer: answer.url.endswith("/api/admin/version")) as answer:
            self.page.get_by_role("button", name="Login").click()
        self.page.get_by_role("button", name="Login").wait_for()
        status: int = answer.value.status
        return status == 401

    def dashboard(self) -> None:
        """See the dashboard with its numbers."""
        for title in ("Flow Runs", "Active Work Pools"):
            self.page.get_by_text(title, exact=True).first.wait_for()
        self._settle("dashboard")

    def work_pool(self, name: str) -> None:
        """See the page of a work pool."""
        self.page.goto(f"{self._base}/work-pools/work-pool/{name}")
        self.page.get_by_text(name, exact=True).first.wait_for()
        self._settle("work-pool")

    def watch_logs(self, flow_run: str, word: str, changes: int) -> list[str]:
        """Watch the logs of a run that goes on, newest first, and return the lines that were on top, one after the other.

        :param flow_run: Its id.
        :param word: Words of the lines that count.
        :param changes: How often the line on top has to change while the page stays as it is.
        """
        self.page.goto(f"{self._base}/runs/flow-run/{flow_run}?tab=Logs")
        lines = self.page.get_by_text(word)
        lines.first.wait_for()
        # Only what is in sight is on the page, so the end of a long log is brought there.
        self.page.get_by_role("combobox").filter(has_text="Oldest to newest").click()
        self.page.get_by_role("option", name="Newest to oldest").click()
        self.page.get_by_role("combobox").filter(has_text="Newest to oldest").wait_for()
        seen: list[str] = []
        for _second in range(SECONDS):
            line = lines.first.inner_text()
            if line not in seen:
                seen.append(line)
            if len(seen) > changes:
                break
            self.page.wait_for_timeout(1000)
        self._settle("flow-run-logs")
        return seen

    def _settle(self, name: str) -> None:
        """Wait until a page has all that it asked for, and keep what is seen."""
        self.page.wait_for_load_state("networkidle")
        self.picture(name)

    def _ask(self, request: Request) -> None:
        self._asked.append(request)

    def _note(self, request: Request, failure: str) -> None:
        host = urlsplit(request.url).hostname or ""
        if request in self._asked and not host.endswith(_MAKERS):
            self.failures.append(f"{request.method} {request.url}: {failure}")

    def _answered(self, response: Response) -> None:
        request = response.request
        self._record.append(f"{response.status} {request.method} {request.url}")
        host = urlsplit(request.url).hostname
        if host and host != urlsplit(self.url).hostname:
            self.strangers.add(host)
        if request.resource_type not in _CALLS:
            return
        if response.status >= 400:
            self._note(request, f"was answered with {response.status}")
        elif request in self._asked:
            self.calls.append(request.url)

    def _failed(self, request: Request) -> None:
        self._record.append(f"{request.failure} {request.method} {request.url}")
        # A page that is left drops what it still asks for.
        if request.resource_type in _CALLS and request.failure not in (None, "net::ERR_ABORTED"):
            self._note(request, f"failed: {request.failure}")

    def _socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket.url)
        socket.on("socketerror", lambda error: self.failures.append(f"{socket.url}: {error}"))

    def _printed(self, line: str) -> None:
        self._record.append(f"console: {line}")
        if "Mixed Content" in line:
            self.failures.append(line)


def visit(visitor: Visitor, auth_string: str, work_pool: str, flow_run: Watched | None = None) -> list[str]:
    """See what a person sees on an ordinary day; return the log lines that were on top, one after the other.

    :param flow_run: A run that goes on meanwhile.
    """
    visitor.log_in(auth_string)
    visitor.dashboard()
    visitor.work_pool(work_pool)
    return visitor.watch_logs(flow_run["id"], flow_run["word"], flow_run["changes"]) if flow_run else []


class Watched(t.TypedDict):
    """A run whose logs are watched: its id, words of its lines, and how often they must change."""

    id: str
    word: str
    changes: int


__all__ = ["Error", "Visitor", "Watched", "visit"]
