#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about a Prefect server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Tell about a Prefect server, or wait until it is ready
version_added: 0.1.0
description:
  - Tells whether a Prefect API is ready, its version and useful settings, and can wait until it is ready.
  - Ready means that the server answers, that its database works, and that it accepts the credentials. An open port is
    not enough for that.
  - Without O(wait), an API that is not there, is starting or lacks its database is no failure, but is told by RV(ready)
    and RV(reason).
  - Wrong credentials, a certificate that is not trusted, and a URL where something other than Prefect answers always
    fail, and at once, because waiting cannot help.
  - In check mode it looks once and does not wait.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
attributes:
  diff_mode:
    support: N/A
    details: This module changes nothing.
"""

EXAMPLES = r"""
- name: Wait until the server is ready
  selfhosted.prefect.server_info:
    api_url: http://server:4200/api
    api_auth_string: "{{ vault_prefect_auth_string }}"
    wait: true
    wait_timeout: 120
  register: server

- name: Require a version
  ansible.builtin.assert:
    that: server.version is version('3.8.3', '>=')
"""

RETURN = r"""
ready:
  description: Whether the API can be used.
  returned: always
  type: bool
  sample: true
reason:
  description:
    - V(ready), or why the API is not.
    - V(refused) means that nothing listens there, V(unresolved) that the host name does not resolve, V(unreachable) that
      there is no way to the host.
    - V(starting) means that something accepts connections but does not answer for the API yet, such as a proxy whose
      server starts.
    - V(database_down) means that the server runs without its database, V(error) that it fails in another way.
    - A failed task returns V(unauthorized), V(tls_not_trusted) or V(not_prefect) as well.
  returned: always
  type: str
  sample: ready
message:
  description: The same in a sentence that names the URL.
  returned: success
  type: str
  sample: http://server:4200/api is ready, Prefect 3.8.8
version:
  description: The version of Prefect.
  returned: when ready
  type: str
  sample: 3.8.8
api_url:
  description: The API's URL, without a trailing slash.
  returned: always
  type: str
  sample: http://server:4200/api
settings:
  description:
    - Settings that are in effect on the server. Holds no secrets.
    - A setting is none where it is not set, or not known to this version of Prefect.
  returned: success; empty unless ready, and where a proxy keeps C(/admin/settings) closed
  type: dict
  contains:
    auth_enabled:
      description: Whether the server asks for credentials itself.
      type: bool
    csrf_protection_enabled:
      description: Whether writes need a CSRF token. The modules of this collection get one when asked to.
      type: bool
    api_base_path:
      description: The API's path, if it is not V(/api).
      type: str
    ui_enabled:
      description: Whether the server serves its UI.
      type: bool
    ui_api_url:
      description: The API's URL as used by the browser.
      type: str
    ui_serve_base:
      description: The UI's path.
      type: str
    ui_url:
      description: The UI's URL in links that Prefect prints.
      type: str
    database_driver:
      description: The database's driver; none if the server was given a whole connection URL, which it keeps secret.
      type: str
    database_host:
      description: The database's host; none as for RV(settings.database_driver).
      type: str
    database_name:
      description: The database's name; none as for RV(settings.database_driver).
      type: str
    database_migrate_on_start:
      description: Whether the server migrates its database when it starts.
      type: bool
    analytics_enabled:
      description: Whether the server sends usage statistics to Prefect's makers.
      type: bool
    metrics_enabled:
      description: Whether the server offers metrics.
      type: bool
    logging_level:
      description: The server's own logging level.
      type: str
    events_retention_period:
      description: How long events are kept, as an ISO 8601 duration or in seconds.
      type: raw
    messaging_broker:
      description: The module that carries events between the server's parts.
      type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._server import describe


def main() -> None:
    """Run the module."""
    run(
        wait_spec(),
        lambda context: {
            "changed": False,
            **describe(
                context.client,
                wait=context.params["wait"] and not context.check_mode,
                wait_timeout=context.params["wait_timeout"],
            ),
        },
    )


if __name__ == "__main__":
    main()
