# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lookups share (private: not for use outside this collection)."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._connection import connect
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError


class ServerLookup(LookupBase):
    """Looks objects of a Prefect server up by their names."""

    label = ""
    """What people call such an object."""

    def find(self, client: Client, term: str) -> Json | None:
        """Return an API object by its name, or None.

        :raises PrefectError: The name is malformed, or the API failed.
        """
        raise NotImplementedError

    def value(self, found: Json) -> t.Any:
        """Return what the lookup returns of an API object."""
        raise NotImplementedError

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return a value for each name.

        :raises AnsibleLookupError: There is no such object and no default, or the API failed.
        """
        self.set_options(var_options=variables, direct=kwargs)
        name = f"selfhosted.prefect.{self.label}"
        values = []
        failure = ""
        try:
            client = connect(self.get_options(), read_only=True)
            for term in terms:
                found = self.find(client, str(term))
                if found is None and "default" not in kwargs:
                    failure = f"the {self.label} {str(term)!r} does not exist, and no default is given"
                    break
                values.append(kwargs["default"] if found is None else self.value(found))
        except PrefectError as exc:
            failure = exc.message
        # Outside of the handler, where Ansible does not add the inner error once more.
        if failure:
            raise AnsibleLookupError(f"{name}: {failure}")
        return values
