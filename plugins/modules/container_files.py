#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep the files that a container mounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_files
short_description: Keep the files that a container mounts
version_added: 0.1.0
author:
  - The selfhosted.prefect authors (@selfhosted)
description:
  - Writes the files of one container into a directory that is named after their content, beside those that the container
    mounts now, so that these stay as they are until the container is replaced.
  - The action plugin of M(selfhosted.prefect.container) calls it. It is not meant for other uses.
attributes:
  check_mode:
    support: full
    description: Tells what would change without changing it.
  diff_mode:
    support: none
    description: Returns what the caller needs for a diff.
options:
  directory:
    description:
      - Directory of the container's files. It is made for its owner alone, a missing parent for passing through.
    type: path
    required: true
  state:
    description:
      - V(present) writes O(files) into the version, V(current) removes all other versions, V(absent) removes the directory, and its
        parent if that is empty then.
    type: str
    choices:
      - present
      - current
      - absent
    default: present
  version:
    description:
      - Name of the directory in O(directory) that holds these files. Empty with O(state=current) removes all versions.
    type: str
    default: ""
  files:
    description:
      - The files.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path in the container, which is the path in the version, too.
        type: str
        required: true
      mode:
        description: Permissions, in octal digits.
        type: str
        required: true
      owner:
        description: Number of the user that owns it.
        type: int
        required: true
      group:
        description: Number of the group that owns it.
        type: int
        required: true
      secret:
        description: Whether its content is never returned.
        type: bool
        default: false
      mounted:
        description: Path of the file on the host that the container has in its place now. Empty where it has none.
        type: str
        default: ""
  contents:
    description:
      - Content of each of O(files) in Base64, by its path.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: A file for the container proxy
  selfhosted.prefect.container_files:
    directory: /etc/prefect/proxy
    version: 0f5c
    files:
      - path: /etc/caddy/Caddyfile
        mode: "0444"
        owner: 0
        group: 0
    contents:
      /etc/caddy/Caddyfile: "{{ ':80' | b64encode }}"
"""

RETURN = r"""
created:
  description: Whether the version was not there before.
  returned: success
  type: bool
others:
  description: Other versions that are there.
  returned: success
  type: list
  elements: str
mounted:
  description: What the container has now, by path. A file that is secret, or that not everybody may read, has no content here.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether there is such a file.
      type: bool
    same:
      description: Whether its content is that of the new one.
      type: bool
    hidden:
      description: Whether its content is kept back.
      type: bool
    attributes:
      description: Its permissions, owner and group.
      type: str
      sample: 0444 0:0
    content:
      description: Its content in hexadecimal digits, or nothing.
      type: str
"""

import base64
import os
import shutil
import stat
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule

FOR_OTHERS = 0o004  # the bit that lets everybody read a file


def make_directory(path: str, mode: int) -> None:
    """Make a directory, whatever the mask of new files; a missing parent is one that others may pass through."""
    if os.path.isdir(path):
        return
    if not os.path.isdir(os.path.dirname(path)):
        make_directory(os.path.dirname(path), 0o711)
    os.mkdir(path, mode)
    os.chmod(path, mode)


def attributes(path: str) -> str | None:
    """Permissions and owner of a file in the words of C(RV(mounted)), or none where there is no file."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (
        f"{stat.S_IMODE(status.st_mode):04o} {status.st_uid}:{status.st_gid}" if stat.S_ISREG(status.st_mode) else None
    )


def read(path: str) -> bytes | None:
    """A file's content, or none where there is no file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def write(path: str, content: bytes, mode: int, owner: int, group: int) -> None:
    """Put a file in its place whole: nobody sees a part of it, or all of it with other permissions."""
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchown(file.fileno(), owner, group)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if os.path.isdir(path):
            # The engine makes a directory where a file that is mounted is missing.
            os.rmdir(path)
        os.rename(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def versions(directory: str) -> list[str]:
    """Names of what is in the directory."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def content_of(module: AnsibleModule, file: dict[str, t.Any]) -> bytes:
    """What is to be in a file."""
    return base64.b64decode(module.params["contents"][file["path"]])


def look(file: dict[str, t.Any], content: bytes) -> dict[str, t.Any]:
    """What the container has now in a file's place."""
    now = attributes(file["mounted"]) if file["mounted"] else None
    stored = read(file["mounted"]) if now else None
    if now is None or stored is None:
        return {"exists": False, "same": False, "hidden": False, "attributes": "", "content": ""}
    # Not in the encoding of the option, in which it could have the new content as a part, which Ansible would mask.
    hidden = file["secret"] or not int(now.split()[0], 8) & FOR_OTHERS
    shown = "" if hidden else stored.hex()
    return {"exists": True, "same": stored == content, "hidden": hidden, "attributes": now, "content": shown}


def remove(path: str) -> None:
    """Remove a directory or a file."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def present(module: AnsibleModule, directory: str, version: str) -> bool:
    """Write the files that differ; whether there were any."""
    changed = False
    for file in module.params["files"]:
        path = os.path.join(directory, version, file["path"].lstrip("/"))
        content = content_of(module, file)
        wanted = f"{int(file['mode'], 8):04o} {file['owner']}:{file['group']}"
        if attributes(path) == wanted and read(path) == content:
            continue
        changed = True
        if not module.check_mode:
            make_directory(directory, 0o700)
            above = os.path.join(directory, version)
            for part in ["", *file["path"].strip("/").split("/")[:-1]]:
                above = os.path.join(above, part) if part else above
                make_directory(above, 0o700)
            write(path, content, int(file["mode"], 8), file["owner"], file["group"])
    return changed


def without(module: AnsibleModule, directory: str, keep: str) -> bool:
    """Remove all versions but one, and what is empty after that; whether there was anything."""
    gone = [name for name in versions(directory) if name != keep]
    # Whoever has nothing to remove need not be able to.
    if os.path.lexists(directory) and not module.check_mode:
        for name in gone:
            remove(os.path.join(directory, name))
        for path in (directory, os.path.dirname(directory)):
            if os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
    return bool(gone)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "current", "absent"], "default": "present"},
            "version": {"type": "str", "default": ""},
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "str", "required": True},
                    "mode": {"type": "str", "required": True},
                    "owner": {"type": "int", "required": True},
                    "group": {"type": "int", "required": True},
                    "secret": {"type": "bool", "default": False, "no_log": False},
                    "mounted": {"type": "str", "default": ""},
                },
            },
            # An option of its own, since the host's log takes a list as one text and would not know a secret in it.
            "contents": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    directory: str = os.path.normpath(module.params["directory"])
    version: str = module.params["version"]
    try:
        known = versions(directory)
        mounted = {file["path"]: look(file, content_of(module, file)) for file in module.params["files"]}
        if module.params["state"] == "present":
            changed = present(module, directory, version)
        else:
            changed = without(module, directory, version if module.params["state"] == "current" else "")
    except OSError as exc:
        module.fail_json(msg=f"{exc.filename or directory}: {exc.strerror or exc}")
    module.exit_json(
        changed=changed,
        created=version not in known,
        others=[name for name in known if name != version],
        mounted=mounted,
    )


if __name__ == "__main__":
    main()
