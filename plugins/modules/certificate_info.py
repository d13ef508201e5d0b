#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about the certificates that services show."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Tell about the certificates that services show
version_added: 0.1.0
description:
  - Connects to each service as its clients do and tells when the certificate expires that it shows, and whether it is trusted.
  - A service that does not answer, or not with TLS, is no failure, but is told by RV(certificates[].reason).
  - Sends nothing over the connections.
author:
  - The selfhosted.prefect authors (@selfhosted)
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  endpoints:
    description:
      - The services.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - What to call it in the result.
        type: str
        required: true
      host:
        description:
          - Name or address to connect to. A name is what the certificate must be for.
        type: str
        required: true
      port:
        description:
          - Port to connect to.
        type: int
        required: true
      protocol:
        description:
          - V(tls) speaks TLS at once, V(postgresql) after PostgreSQL's request for it.
        type: str
        choices:
          - tls
          - postgresql
        default: tls
      server_name:
        description:
          - Name that the certificate must be for, where it is not O(endpoints[].host).
        type: str
      ca_path:
        description:
          - Path on the target of a PEM file with the certificate authorities to trust instead of the system's.
        type: path
      ca_certificate:
        description:
          - The same, as PEM text.
        type: str
  timeout:
    description:
      - Seconds that a connection may take.
    type: int
    default: 5
notes:
  - The module needs nothing but Python on the target.
"""

EXAMPLES = r"""
- name: Look at the certificates of proxy and database
  selfhosted.prefect.certificate_info:
    endpoints:
      - name: proxy
        host: prefect.example.com
        port: 443
      - name: database
        host: db.internal.example.com
        port: 5432
        protocol: postgresql
        ca_path: /etc/ssl/private-ca.pem
  register: seen
"""

RETURN = r"""
certificates:
  description: One entry for each of O(endpoints), in their order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: As O(endpoints[].name).
      type: str
      sample: proxy
    host:
      description: As O(endpoints[].host).
      type: str
      sample: prefect.example.com
    port:
      description: As O(endpoints[].port).
      type: int
      sample: 443
    seen:
      description: Whether a certificate was shown.
      type: bool
      sample: true
    reason:
      description: Why none was shown. Empty when one was.
      type: str
      sample: ""
    subject:
      description: Common name of the subject, which may be empty.
      type: str
      sample: prefect.example.com
    issuer:
      description: Common name of the issuer, which may be empty.
      type: str
      sample: Example authority
    not_before:
      description: Start of its validity.
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: End of its validity.
      type: str
      sample: "2026-12-31T23:59:59Z"
    days_left:
      description: Whole days until then; negative when it has expired.
      type: int
      sample: 41
    trusted:
      description: Whether a client that checks certificates takes it, for this name and now.
      type: bool
      sample: true
    distrust:
      description: Why it would not. Empty when it would.
      type: str
      sample: ""
"""

import contextlib
import os
import tempfile
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.selfhosted.prefect.plugins.module_utils._certificate import (
    PROTOCOLS,
    TLS,
    CertificateError,
    look,
)

DAY = 86400  # seconds


@contextlib.contextmanager
def authorities(path: t.Optional[str], text: t.Optional[str]) -> t.Iterator[t.Optional[str]]:
    """Give a file with the authorities to trust, which a text becomes for as long as it is needed."""
    if not text:
        yield path
        return
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii", errors="replace") as file:
            file.write(text)
        yield name
    finally:
        os.unlink(name)


def describe(endpoint: t.Mapping[str, t.Any], timeout: float) -> t.Dict[str, t.Any]:
    """Return what one service shows.

    :param timeout: Seconds that a connection may take.
    """
    told = {key: endpoint[key] for key in ("name", "host", "port")}
    try:
        with authorities(endpoint["ca_path"], endpoint["ca_certificate"]) as ca_path:
            found = look(
                endpoint["host"],
                endpoint["port"],
                endpoint["protocol"],
                endpoint["server_name"] or "",
                ca_path,
                timeout,
            )
    except CertificateError as exc:
        return {**told, "seen": False, "reason": str(exc)}
    return {
        **told,
        "seen": True,
        "reason": "",
        "subject": found.subject,
        "issuer": found.issuer,
        "not_before": iso(found.not_before),
        "not_after": iso(found.not_after),
        "days_left": int((found.not_after - time.time()) // DAY),
        "trusted": not found.distrust,
        "distrust": found.distrust,
    }


def iso(moment: int) -> str:
    """Return a time in seconds since the epoch as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "endpoints": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                    "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": TLS},
                    "server_name": {"type": "str"},
                    "ca_path": {"type": "path"},
                    "ca_certificate": {"type": "str"},
                },
            },
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    endpoints = module.params["endpoints"]
    for endpoint in endpoints:
        if endpoint["ca_path"] and not os.path.exists(endpoint["ca_path"]):
            module.fail_json(
                msg=f"endpoints: {endpoint['name']}: the file {endpoint['ca_path']} of ca_path does not exist"
            )
    module.exit_json(
        changed=False, certificates=[describe(endpoint, module.params["timeout"]) for endpoint in endpoints]
    )


if __name__ == "__main__":
    main()
