# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against a real server in this process: what a module does, without Ansible around it, in milliseconds."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, auth_headers
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport, Response
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server


class Counting:
    """A transport that notes what it sends."""

    def __init__(self, inner: t.Any) -> None:
        self._inner = inner
        self.sent: list[tuple[str, str]] = []

    def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        self.sent.append((method, url.partition("/api")[2]))
        answer: Response = self._inner.send(method, url, headers, body, timeout)
        return answer


_transports: list[KeptAliveTransport] = []


def hang_up() -> None:
    """Close every connection that was kept. Left to the collector of garbage, sockets could go before what closes them."""
    for transport in _transports:
        transport.close()
    _transports.clear()


def connect(server: Server, read_only: bool = False) -> Client:
    """Return a client of the server."""
    transport = KeptAliveTransport(ca_path=server.options.get("ca_path"))
    _transports.append(transport)
    return Client(transport, server.url, headers=auth_headers(server.auth_string), read_only=read_only)


def apply(server: Server, noun: str, /, check: bool = False, **options: t.Any) -> _engine.Result:
    """Do what the module ``noun`` does with these options.

    :raises PrefectError: As the module would fail.
    """
    kind = KINDS[noun]
    checked = ArgumentSpecValidator(kind.argument_spec()).validate(options)
    assert not checked.error_messages, checked.error_messages
    params = checked.validated_parameters
    directory = Directory(connect(server, check), KINDS)
    return _engine.ensure(directory, noun, params["state"], kind.desired(params, given=options))


def proven(server: Server, noun: str, /, **options: t.Any) -> _engine.Result:
    """Apply with check mode before and a second run after, and hold the three against each other."""
    predicted = apply(server, noun, check=True, **options)
    result = apply(server, noun, **options)
    again = apply(server, noun, **options)
    assert not again.changed, (again.before, again.after)
    assert (predicted.changed, predicted.before) == (result.changed, result.before)
    assert not _engine.differs(predicted.after, result.after), (predicted.after, result.after)
    assert again.after == result.after
    assert result.warnings == []
    return result
