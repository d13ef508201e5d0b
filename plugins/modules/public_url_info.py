#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell whether a public URL of a Prefect server gives what it should."""

from __future__ import annotations

DOCUMENTATION = r"""
module: public_url_info
short_description: Tell whether a public URL of a Prefect server gives what it should
version_added: 0.1.0
description:
  - Looks at a Prefect server from outside, through the reverse proxy in front of it, as browsers, workers and clients do.
  - The API must be ready, must want the credentials, and must stay below its URL when it redirects. The UI must be told that URL.
    Websockets must open and take the credentials. Paths that are to be closed must be.
  - What is not in order is no failure, but is told by RV(problems).
  - Run it where the users are, for example on the controller, delegated to C(localhost).
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
attributes:
  diff_mode:
    support: N/A
    details: This module changes nothing.
options:
  ui_url:
    description:
      - URL of the UI. Without it, O(api_url) without its last part.
    type: str
    default: ""
  ui_api_url:
    description:
      - URL of the API that the UI must be told. Without it, O(api_url).
    type: str
    default: ""
  version:
    description:
      - Release of Prefect that must answer. When empty, any.
    type: str
    default: ""
  websockets:
    description:
      - Websockets, below the API's path, that must open. They are left out with O(api_key).
      - Proxies of the environment are not used for them.
    type: list
    elements: str
    default:
      - /events/in
  closed_paths:
    description:
      - Paths of the host that must be closed, which is an answer of 403, 404 or 418, or of 401 outside of the API.
    type: list
    elements: str
    default: []
  wait:
    description:
      - Whether to look again until everything is in order. Nothing is waited for in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Look at the server as its users see it
  selfhosted.prefect.public_url_info:
    api_url: https://prefect.example.org/api
    api_auth_string: "{{ vault_prefect_auth_string }}"
    closed_paths:
      - /api/metrics
  register: outside
  delegate_to: localhost

- name: Require that it is in order
  ansible.builtin.assert:
    that: outside.problems | length == 0
    fail_msg: "{{ outside.problems }}"
"""

RETURN = r"""
checks:
  description: What was looked at, in this order. Only the first where the API is not ready.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: V(ready), V(version), V(authentication), V(ui), V(redirects), V(websocket) or V(closed) with a path.
      type: str
      sample: websocket /events/in
    ok:
      description: Whether it is in order.
      type: bool
    message:
      description: What was seen, or what is wrong and what to do.
      type: str
problems:
  description: The messages of those that are not in order.
  returned: success
  type: list
  elements: str
version:
  description: The version of Prefect, when the API is ready.
  returned: success
  type: str
  sample: 3.8.8
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._module import Spec, run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._public_url import examine


def main() -> None:
    """Run the module."""
    spec: Spec = {
        **wait_spec(),
        "ui_url": {"type": "str", "default": ""},
        "ui_api_url": {"type": "str", "default": ""},
        "version": {"type": "str", "default": ""},
        "websockets": {"type": "list", "elements": "str", "default": ["/events/in"]},
        "closed_paths": {"type": "list", "elements": "str", "default": []},
    }
    run(
        spec,
        lambda context: examine(
            context.client, {**context.params, "wait": context.params["wait"] and not context.check_mode}
        ),
    )


if __name__ == "__main__":
    main()
