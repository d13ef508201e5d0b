#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container
short_description: Run one container without showing its secrets
version_added: 0.1.0
author:
  - The selfhosted.prefect authors (@selfhosted)
description:
  - Runs M(community.docker.docker_container) with a whole definition and returns a result and a diff in which the values
    of the named environment variables are masked. The module itself shows them in both.
  - Labels the container with a digest of its definition, so that a container that is as declared is known without another look.
    A definition that changes is another container, even where the change could be made in place.
  - The roles of this collection are made of it. It is not meant for other uses.
attributes:
  check_mode:
    support: full
    description: Predicts the change without making it, also for a container whose network does not exist yet.
  diff_mode:
    support: full
    description: Returns what differs. A secret that changes is seen to change, its values are not.
  action:
    support: full
    description: The controller calls the module and filters its result.
options:
  definition:
    description:
      - Options of M(community.docker.docker_container), as one dictionary. C(name) is required.
    type: dict
    required: true
  secret_env:
    description:
      - Names of the environment variables whose values are never shown.
    type: list
    elements: str
    default: []
  found:
    description:
      - The container of this name in the engine's list of containers, as M(community.docker.docker_host_info) returns it with
        C(verbose_output). Empty when there is none. In check mode the whole definition is then the predicted change.
    type: dict
    default: {}
  found_image:
    description:
      - Identifier of the image that the definition names, or nothing where it is missing.
    type: str
    default: ""
  trust_label:
    description:
      - Whether a container that runs, has the label of this definition, is of O(found_image) and is in the definition's networks is
        taken to be as declared without another look. What C(docker update) changed on it is not seen then.
    type: bool
    default: false
  validate:
    description:
      - Whether, in check mode, the definition of a container that does not exist is held against the module's options.
    type: bool
    default: false
  hint:
    description:
      - Name of the variable that a user changes the definition with, for errors.
    type: str
    default: ""
  missing_networks:
    description:
      - Networks of the definition that do not exist yet. In check mode they are left out of the prediction and named in it.
    type: list
    elements: str
    default: []
  files:
    description:
      - Files that are written to the host and mounted read-only. A change of any of them is another container.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path in the container.
        type: str
        required: true
      content:
        description: Its text.
        type: raw
        required: true
      mode:
        description: Permissions, in octal digits as a text. V(0444), or V(0400) for a secret file, which may not be everybody's.
        type: raw
      owner:
        description: Number of the user that owns it.
        type: int
        default: 0
      group:
        description: Number of the group that owns it.
        type: int
        default: 0
      secret:
        description: Whether its content is never shown. A diff then tells no more than that it changes.
        type: bool
        default: false
  directory:
    description:
      - Directory of the host for O(files), this container's own. Each content has a directory of its own in it, so that a container that
        runs keeps its files until it is replaced; what no container needs after that is removed. Required with O(files).
    type: path
    default: ""
  rehearsal:
    description:
      - Whether this is a container beside the one that runs, whose files then stay.
    type: bool
    default: false
requirements:
  - On the target what M(community.docker.docker_container) needs, which is C(requests).
seealso:
  - module: community.docker.docker_container
"""

EXAMPLES = r"""
- name: A container with a secret
  selfhosted.prefect.container:
    definition:
      name: database
      image: postgres:15-alpine
      env:
        POSTGRES_PASSWORD: "{{ vault_database_password }}"
    secret_env:
      - POSTGRES_PASSWORD
"""

RETURN = r"""
differs:
  description: Whether the container differed from its definition. The same as C(changed), but not altered by C(changed_when).
  returned: success
  type: bool
container:
  description: What the engine says of the container, without its environment. Empty when check mode predicts a new one.
  returned: success
  type: dict
  contains:
    id:
      description: Identifier of the container.
      type: str
    name:
      description: Name of the container.
      type: str
    image:
      description: Image the container was made from, as it was named.
      type: str
    labels:
      description: Labels of the container.
      type: dict
    status:
      description: The engine's word for its state, such as V(running) or V(exited).
      type: str
    running:
      description: Whether it runs.
      type: bool
    health:
      description: V(healthy), V(unhealthy) or V(starting), where the container has a health check.
      type: str
    started_at:
      description: When it was last started, in UTC.
      type: str
    exit_code:
      description: Exit status of its last end.
      type: int
"""
