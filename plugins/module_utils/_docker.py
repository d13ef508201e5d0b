# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Docker engine's HTTP interface over its socket (private: not for use outside this collection).

Needs nothing but Python: the modules ``services_info`` and ``host_info`` run it on hosts, and the housekeeping of worker hosts has a copy.
"""

from __future__ import annotations

import http.client
import json
import socket
import typing as t
import urllib.parse


class DockerError(Exception):
    """The engine did not do what it was asked for, in words that say why.

    :param status: The HTTP status, or 0 where none came back.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """A Docker engine.

    Paths have no version, so the engine answers in its own; what is used here has been the same since version 1.24.

    :param path: Its socket.
    :param timeout: Seconds that one answer may take.
    """

    def __init__(self, path: str, timeout: float = 30.0) -> None:
        self.path = path
        self.timeout = timeout

    def get(self, path: str, **query: t.Any) -> t.Any:
        """Return what the engine answers; lists and dictionaries in the query are written as JSON.

        :raises DockerError: It does not answer, or with an error.
        """
        return self._request("GET", path, query)

    def delete(self, path: str, **query: t.Any) -> t.Any:
        """Remove something.

        :raises DockerError: It does not answer, or refuses.
        """
        return self._request("DELETE", path, query)

    def post(self, path: str, **query: t.Any) -> t.Any:
        """Ask for something to be done.

        :raises DockerError: It does not answer, or refuses.
        """
        return self._request("POST", path, query)

    def _request(self, method: str, path: str, query: t.Mapping[str, t.Any]) -> t.Any:
        encoded = urllib.parse.urlencode(
            {key: json.dumps(value) if isinstance(value, (dict, list, bool)) else value for key, value in query.items()}
        )
        connection = UnixConnection(self.path, self.timeout)
        try:
            connection.request(method, path + ("?" + encoded if encoded else ""))
            response = connection.getresponse()
            status, text = response.status, response.read().decode("utf-8", "replace")
        except FileNotFoundError as exc:
            raise DockerError(f"the socket {self.path} does not exist") from exc
        except PermissionError as exc:
            raise DockerError(f"this user may not use the socket {self.path}") from exc
        except ConnectionRefusedError as exc:
            raise DockerError(f"nothing listens on the socket {self.path}") from exc
        except socket.timeout as exc:
            raise DockerError(f"no answer within {self.timeout:g} s through {self.path}") from exc
        except (OSError, http.client.HTTPException) as exc:
            raise DockerError(f"{self.path}: {exc or type(exc).__name__}") from exc
        finally:
            connection.close()
        try:
            body = json.loads(text) if text.strip() else None
        except ValueError:
            body = text
        if status >= 400:
            words = body.get("message") if isinstance(body, dict) else str(body or "").strip()
            raise DockerError(f"{method} {path}: {status} {words}", status)
        return body
