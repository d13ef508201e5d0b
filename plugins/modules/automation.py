#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage an automation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: automation
short_description: Manage a Prefect automation
version_added: 0.1.0
description:
  - Creates, changes or removes an automation, which does something when events come, or when they stay away.
  - Deployments, work pools, work queues, blocks and other automations are referred to by name. They must exist, except that
    an automation may name itself. Of two that name each other, make the first without the other's name, and then both as
    they are to be.
  - Options that are not set are left alone, and what the server fills in is not a difference.
  - Prefect lets several automations have one name. This module refuses such a name and tells the IDs.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  name:
    description: Name of the automation.
    type: str
    required: true
  description:
    description: What the automation is for.
    type: str
  enabled:
    description:
      - Whether the automation does anything.
      - Changed alone, it leaves the events that the trigger has counted so far. Any other change makes it count anew.
    type: bool
  tags:
    description: Tags of the automation, in any order. They replace those it has.
    type: list
    elements: str
  trigger:
    description:
      - When the automation acts. Required to create one. A whole trigger replaces the one that is there.
      - The key C(type) is V(event) (the default), V(compound) or V(sequence).
      - "An V(event) trigger has the key C(posture), which is required: V(Reactive) acts when the events come, V(Proactive) when
        they stay away. Its other keys are:"
      - C(expect) is a list of the events it waits for, such as V(prefect.flow-run.Failed) or V(prefect.flow-run.*). By default,
        all events count.
      - C(after) is a list of events of which one must have come before.
      - C(match) is a dictionary of labels of the resource that the event is about, and C(match_related) one of labels of
        resources related to it, or a list of such dictionaries, which all have to match. The value of a label is a pattern,
        or a list of which any may match. By default, every resource matches.
      - "Instead of a pattern, a value may name one object as a dictionary with one key, as in
        C({deployment: flow/name}). It then stands for the resource ID of that object. The keys are C(deployment)
        (V(flow/name)), C(flow), C(work_pool), C(work_queue) (V(work_pool/name)), C(automation), C(block) (V(type/name)),
        C(global_concurrency_limit) and C(variable)."
      - C(for_each) is a list of labels for each of whose values the events are counted by themselves.
      - C(threshold) is how many events it takes, V(1) by default.
      - C(within) is the time in which they must come, or stay away, V(0) by default and at least 10 seconds, which is then the
        default, with the posture V(Proactive).
      - A V(compound) trigger fires when C(require) of its C(triggers) have, which is V(any), V(all) or a number, and a
        V(sequence) trigger when all of its C(triggers) have in their order. Both can have C(within), and their triggers can
        be of any type again.
      - A time is a number of seconds, or a text such as V(90s), V(15m), V(12h), V(7d) or V(PT15M).
    type: dict
  actions:
    description:
      - What the automation does each time that the trigger fires. Required to create one. A whole list replaces the one that is
        there, and each is a dictionary with the key C(type).
      - V(run-deployment), V(pause-deployment) and V(resume-deployment) have C(deployment), written as V(flow/name). The first
        also has C(parameters), C(job_variables), and C(schedule_after), a time as in O(trigger).
      - V(pause-work-pool) and V(resume-work-pool) have C(work_pool).
      - V(pause-work-queue) and V(resume-work-queue) have C(work_queue), written as V(work_pool/name).
      - V(pause-automation) and V(resume-automation) have C(automation).
      - In each of these, without the object's name it is the one that the event is about. The key C(source) may say so, as
        V(selected) or V(inferred), but need not.
      - V(cancel-flow-run), V(suspend-flow-run), V(resume-flow-run) and V(delete-flow-run) have no further keys and work on the
        flow run that the event is about. The last needs Prefect 3.7 or newer.
      - V(change-flow-run-state) has C(state), such as V(CRASHED) or V(CANCELLED), and optionally C(name), C(message) and
        C(force).
      - V(send-notification) has C(block), the block that sends it, written as V(type/name), C(body), and optionally
        C(subject).
      - V(call-webhook) has C(block), a block of the type V(webhook), and optionally C(payload), a text, or a document that is
        sent as JSON.
      - V(do-nothing) has no further keys. The automation then only makes an event.
      - An object that has no name any more can be given by its ID, as C(deployment_id), C(work_pool_id), C(work_queue_id),
        C(automation_id) or C(block_document_id).
      - Prefect renders Jinja in C(parameters), C(subject), C(body) and C(payload). To keep Ansible from rendering it first, tag
        such a text with C(!unsafe), or put it between C({% raw %}) and C({% endraw %}). The server is asked whether it can read
        such a template before it is sent.
    type: list
    elements: dict
  actions_on_trigger:
    description: Like O(actions), when the automation goes over to being triggered.
    type: list
    elements: dict
  actions_on_resolve:
    description: Like O(actions), when the automation goes over to being resolved.
    type: list
    elements: dict
  state:
    description: Whether the automation is there.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.automation_info
"""

EXAMPLES = r"""
- name: Have two work pools
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: "{{ item }}"
    type: process
  loop:
    - main
    - spare

- name: Call a flow run crashed from which nothing was heard for nine minutes
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: dead flow runs
    tags:
      - operations
    trigger:
      type: event
      posture: Proactive
      after:
        - prefect.flow-run.heartbeat
      expect:
        - prefect.flow-run.heartbeat
        - prefect.flow-run.Completed
        - prefect.flow-run.Failed
        - prefect.flow-run.Cancelled
        - prefect.flow-run.Crashed
      match:
        prefect.resource.id: prefect.flow-run.*
      for_each:
        - prefect.resource.id
      within: 9m
    actions:
      - type: change-flow-run-state
        state: CRASHED
        message: No heartbeat for nine minutes

- name: Pause a work pool after three failures in ten minutes, and open the other one
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: too many failures
    trigger:
      posture: Reactive
      expect:
        - prefect.flow-run.Failed
        - prefect.flow-run.Crashed
      match_related:
        prefect.resource.role: work-pool
        prefect.resource.id:
          work_pool: main
      threshold: 3
      within: 10m
    actions:
      - type: pause-work-pool
        work_pool: main
      - type: resume-work-pool
        work_pool: spare

- name: Open the other work pool when no worker comes back to the first within five minutes
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: no worker came back
    trigger:
      posture: Proactive
      after:
        - prefect.work-pool.not-ready
      expect:
        - prefect.work-pool.ready
      match:
        prefect.resource.id:
          work_pool: main
      within: 5m
    actions:
      - type: resume-work-pool
        work_pool: spare

- name: Make an event of their own when first one work pool is paused and then the other
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: both paused
    trigger:
      type: sequence
      within: 1h
      triggers:
        - posture: Reactive
          expect:
            - prefect.work-pool.paused
          match:
            prefect.resource.id:
              work_pool: main
        - posture: Reactive
          expect:
            - prefect.work-pool.paused
          match:
            prefect.resource.id:
              work_pool: spare
    actions:
      - type: do-nothing

- name: Have a flow deployed, and another one that repairs what it leaves
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: "{{ item }}"
    name: production
    work_pool: main
    path: /opt/flows
    entrypoint: "{{ item }}.py:{{ item }}"
  loop:
    - etl
    - repair

- name: Have a chat to tell
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: webhook
    name: chat
    data:
      url: "{{ chat_url | default('https://chat.example/hook') }}"

- name: Repair and tell when a flow run of the first fails, in words that Prefect fills in and Ansible leaves alone
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: repair
    trigger:
      posture: Reactive
      expect:
        - prefect.flow-run.Failed
      match_related:
        prefect.resource.role: deployment
        prefect.resource.id:
          deployment: etl/production
    actions:
      - type: run-deployment
        deployment: repair/production
        parameters:
          reason: "{% raw %}{{ flow_run.name }} is {{ flow_run.state.name }}{% endraw %}"
        schedule_after: 30s
      - type: call-webhook
        block: webhook/chat
        payload:
          text: "{% raw %}{{ flow_run.name }} failed: {{ flow_run | ui_url }}{% endraw %}"

- name: Switch one off for now
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: no worker came back
    enabled: false

- name: Remove it
  selfhosted.prefect.automation:
    api_url: http://server:4200/api
    name: no worker came back
    state: absent
"""

RETURN = r"""
automation:
  description:
    - The automation as the API returns it; in check mode, as it would be.
    - Empty if it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: The object's ID.
      type: str
    created:
      description: When it was made.
      type: str
    updated:
      description: When it last changed.
      type: str
    name:
      description: The automation's name.
      type: str
    description:
      description: Its description.
      type: str
    enabled:
      description: Whether it does anything.
      type: bool
    tags:
      description: Its tags.
      type: list
      elements: str
    trigger:
      description: When it acts, with IDs and defaults in their places.
      type: dict
    actions:
      description: What it does, with IDs and defaults in their places.
      type: list
      elements: dict
    actions_on_trigger:
      description: What it does when it goes over to being triggered.
      type: list
      elements: dict
    actions_on_resolve:
      description: What it does when it goes over to being resolved.
      type: list
      elements: dict
diff:
  description:
    - What changed, or in check mode would change, among what this module manages.
    - Triggers and actions are in their shortest form, without defaults, and name other objects.
  returned: success
  type: dict
  contains:
    before:
      description: The automation before, by names of options; empty if there was none.
      type: dict
    after:
      description: The automation after, by names of options; empty if there is none.
      type: dict
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting failed
  type: str
  sample: refused
msg:
  description: The same in a sentence.
  returned: in check mode, when the API is not there yet; on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import AUTOMATION
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(AUTOMATION)


if __name__ == "__main__":
    main()
