#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a block."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block
short_description: Manage a Prefect block
version_added: 0.1.0
description:
  - Creates, changes or removes a block, which keeps configuration and secrets for flows, such as credentials or a storage.
  - What is secret is said by the schema of the block, in its C(secret_fields) and by the format C(password). The module asks
    the server for the stored secrets, which it gives in plain to whoever may use its API, and compares. So a second run
    reports no change, and a secret that differs is sent.
  - No secret, neither a stored nor a declared one, is in the result, the diff, the log or an error. A mask stands in its place,
    in the diff with the word C(changed) where the secret is another.
  - Options that are not set are left alone.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  block_type:
    description:
      - Slug of the block type, such as V(secret) or V(s3-bucket). It must exist.
    type: str
    required: true
  name:
    description:
      - Name of the block, of lower-case letters, digits and dashes. Blocks of different types can share a name.
    type: str
    required: true
  data:
    description:
      - What the block holds, by the fields of its schema. This is the whole truth; what is not named is removed,
        secrets among it. Only fields that hold the schema's own default may be left out without being a change.
      - A dictionary with the single key C($ref) as the value of a field stands for another block, which it names by its type's
        slug and its name, as in V(aws-credentials/warehouse). That block must exist.
      - The fields' names, whether any that is required is missing, and the types of values are held against the schema
        before anything is written, because the server does not do so. What the server already holds is left in peace.
      - The mask that Prefect shows for a secret is refused as a value.
    type: dict
  update_secrets:
    description:
      - When declared secrets are sent to a block that is there. Without it, as V(changed).
      - With V(changed), when one of them is another than the stored one. Where the server gives only masks even for stored
        secrets, as Prefect Cloud does, they cannot be compared and are taken for unchanged.
      - With V(always), at each run, which then always reports a change.
      - With V(on_create), never; a secret that was changed elsewhere stays. One that the block does not have yet is sent.
    type: str
    choices:
      - changed
      - always
      - on_create
  schema_version:
    description:
      - Version of the schema. Without it and without O(schema_checksum), a block that is there keeps its schema, and a
        new one gets the newest schema of the type.
    type: str
  schema_checksum:
    description:
      - Checksum of the schema.
    type: str
  state:
    description:
      - Whether the block is there.
      - Removing a block that is the default result storage clears that. A block that holds it loses the field.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.block_info
  - module: selfhosted.prefect.block_schema_info
    description: Tells the fields of a block type.
  - plugin: selfhosted.prefect.block
    plugin_type: lookup
  - module: selfhosted.prefect.result_storage
"""

EXAMPLES = r"""
- name: Keep a secret
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: secret
    name: warehouse-password
    data:
      value: "{{ warehouse_password | default('correct horse') }}"

- name: Keep credentials, and let a change of the key that was made elsewhere stand
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: aws-credentials
    name: warehouse
    data:
      aws_access_key_id: AKIAEXAMPLE
      aws_secret_access_key: "{{ warehouse_key | default('battery staple') }}"
      region_name: eu-central-1
    update_secrets: on_create

- name: Use them in a bucket
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: s3-bucket
    name: results
    data:
      bucket_name: flow-results
      credentials:
        $ref: aws-credentials/warehouse

- name: Remove the secret
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: secret
    name: warehouse-password
    state: absent
"""

RETURN = r"""
block:
  description:
    - The block as the API returns it; in check mode, as it would be.
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
      description: When it was last changed.
      type: str
    name:
      description: Its name.
      type: str
    data:
      description: What it holds, with a mask in the place of each secret, and with C($ref) where it holds another block.
      type: dict
    block_type_id:
      description: The ID of its block type.
      type: str
    block_type_name:
      description: The block type's display name.
      type: str
    block_type:
      description: The block type, with its C(slug) among others.
      type: dict
    block_schema_id:
      description: The ID of its schema.
      type: str
    block_schema:
      description: The schema, with its C(version), C(checksum), C(fields) and C(capabilities) among others.
      type: dict
    block_document_references:
      description: The blocks it holds, by the names of fields.
      type: dict
    is_anonymous:
      description: Whether Prefect made it for itself.
      type: bool
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The block before, by names of options; empty if there was none.
      type: dict
    after:
      description: The block after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import BLOCK
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(BLOCK)


if __name__ == "__main__":
    main()
