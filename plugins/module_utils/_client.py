# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of the Prefect API (private: not for use outside this collection).

Authentication, CSRF, retries, paging and errors in one place. Every error names method, URL, status and the server's
words, and never the credentials nor the body of a 422 (Prefect's own echoes the whole request). In check mode the
client is read-only: a write raises, so a forgotten guard cannot write.
"""

from __future__ import annotations

import base64
import email.utils
import json
import threading
import time
import typing as t
import urllib.parse
import uuid

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    ApiError,
    CheckModeWriteError,
    NotPrefectError,
    PrefectError,
    TransportError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import Response, Transport

COLLECTION_VERSION = "0.1.0"
"""The version in galaxy.yml, which modules cannot read on a target; a test holds the two together."""

PAGE_SIZE = 200
"""Objects a page: the server's default and largest limit."""

_LONGEST_PAUSE = 30.0
"""Longest pause before a retry, in seconds, whatever Retry-After asks for."""

_SLOWEST_KNOCK = 2.0
"""Longest pause, in seconds, between tries to reach a server that is away."""

_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_SCHEMA_WORDS = frozenset(
    {"array", "boolean", "event", "inferred", "integer", "null", "number", "object", "selected", "string"}
)
_OWN_HEADERS = frozenset(
    {"content-length", "content-type", "host", "prefect-csrf-client", "prefect-csrf-token", "user-agent"}
)

JSON = t.Any
Json = t.Dict[str, t.Any]


def quote(value: str) -> str:
    """Quote a name so that it is one segment of a URL's path."""
    return urllib.parse.quote(value, safe="")


def check_api_url(api_url: str) -> str:
    """Return ``api_url`` without a trailing slash.

    :raises PrefectError: It is not an http(s) URL of an API, with the reason.
    """
    url = api_url.strip()
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname
        _port = parts.port
    except ValueError as exc:
        raise PrefectError(f"api_url is not a URL: {exc}") from exc
    if "@" in parts.netloc:
        raise PrefectError("api_url must not hold credentials; give them as api_auth_string or api_key")
    if parts.scheme not in ("http", "https") or not host:
        raise PrefectError(f"api_url must be an http or https URL such as http://server:4200/api, but is {api_url!r}")
    if parts.query or parts.fragment:
        raise PrefectError(f"api_url must end with the API's path, without a query or fragment, but is {api_url!r}")
    return url.rstrip("/")


def check_auth_string(value: str) -> None:
    """Refuse an authentication string that cannot be what the server was given.

    :raises PrefectError: With the reason, and without the string.
    """
    if value != value.strip():
        raise PrefectError("api_auth_string begins or ends with white space, which would become part of the password")
    if any(not " " <= char <= "~" for char in value):
        # Prefect compares it with hmac.compare_digest, which takes only ASCII, and answers 500 (3.8.8).
        raise PrefectError(
            "api_auth_string holds a character that is not printable ASCII, which Prefect cannot compare"
        )
    if value[:1] in ("'", '"') or value[-1:] in ("'", '"'):
        raise PrefectError(
            "api_auth_string begins or ends with a quotation mark, which would become part of the credentials;"
            " remove the quotes inside the value"
        )
    if ":" not in value:
        raise PrefectError(
            "api_auth_string has no colon; it must be user:password, exactly as the server's"
            " PREFECT_SERVER_API_AUTH_STRING"
        )


def auth_headers(auth_string: t.Optional[str] = None, api_key: t.Optional[str] = None) -> t.Dict[str, str]:
    """Return the header that proves who asks. As in Prefect itself, a key goes before an authentication string.

    :raises PrefectError: The authentication string or the key is malformed.
    """
    if api_key:
        if api_key != api_key.strip() or any(ord(char) < 32 for char in api_key):
            raise PrefectError("api_key begins or ends with white space, or holds a control character")
        return {"Authorization": f"Bearer {api_key}"}
    if auth_string:
        check_auth_string(auth_string)
        return {"Authorization": "Basic " + base64.b64encode(auth_string.encode("utf-8")).decode("ascii")}
    return {}


def check_custom_headers(headers: t.Mapping[str, t.Any], authenticated: bool) -> t.Dict[str, str]:
    """Return the custom headers as strings.

    :param authenticated: Whether an Authorization header is already made from other options.
    :raises PrefectError: A header would break the request or replace one of the collection's own.
    """
    checked: t.Dict[str, str] = {}
    for name, value in headers.items():
        lower = str(name).lower()
        if lower in _OWN_HEADERS:
            raise PrefectError(f"custom_headers must not hold {name}: the collection sets this header itself")
        if lower == "authorization" and authenticated:
            raise PrefectError("custom_headers must not hold Authorization together with api_auth_string or api_key")
        text = str(value)
        if not lower or any(ord(char) <= 32 or char == ":" for char in lower) or any(c in text for c in "\r\n\0"):
            raise PrefectError(f"custom_headers holds a malformed header: {name!r}")
        checked[str(name)] = text
    return checked


class Client:
    """The Prefect API at one URL.

    :param transport: What sends the requests.
    :param api_url: Base URL of the API, such as ``http://server:4200/api``.
    :param headers: Headers sent with each request: authentication and custom ones.
    :param timeout: Seconds to wait for each answer.
    :param retries: How often a request is sent again when that can help.
    :param read_only: Whether writes raise, as in check mode.
    :param patience: Seconds for which a server that answered before may be away, as during its restart.
    :param sleep: Pauses between tries; replaced in tests.
    :param clock: Seconds; replaced in tests.
    """

    def __init__(
        self,
        transport: Transport,
        api_url: str,
        headers: t.Optional[t.Mapping[str, str]] = None,
        timeout: float = 30.0,
        retries: int = 3,
        read_only: bool = False,
        patience: float = 0.0,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.api_url = check_api_url(api_url)
        self.timeout = timeout
        self.read_only = read_only
        self.secrets: t.Set[str] = set()
        """Texts among what was read and is to be written that no output may hold."""
        self.secrets_known = False
        """Whether those are all that is secret in what is declared, so that the rest may be shown."""
        self._transport = transport
        self._retries = retries
        self._sleep = sleep
        self._clock = clock
        self._headers: t.Dict[str, str] = dict(headers or {})
        self._headers["User-Agent"] = f"selfhosted.prefect/{COLLECTION_VERSION}"
        self._headers["Accept"] = "application/json"
        self.patience = patience
        self.strained = 0
        """How many answers so far asked for less load."""
        self._page_size: t.Optional[int] = PAGE_SIZE
        self._answered = False
        self._csrf_lock = threading.Lock()
        self._csrf_token: t.Optional[str] = None
        # The server keeps one token per client string, so each process needs its own.
        self._csrf_client = str(uuid.uuid4())

    @property
    def authenticated(self) -> bool:
        """Whether requests carry an Authorization header."""
        return any(name.lower() == "authorization" for name in self._headers)

    # Reading

    def get(self, path: str, timeout: t.Optional[float] = None) -> JSON:
        """Return what GET answers.

        :raises PrefectError: Any failure, a 404 included.
        """
        return self._json("GET", path, self._request("GET", path, None, timeout=timeout))

    def find(self, path: str) -> t.Optional[Json]:
        """Return the object at a path, or None where the API says there is none.

        :raises NotPrefectError: The 404 is not the API's own, as of a wrong path or another server.
        :raises PrefectError: Any other failure.
        """
        try:
            found = self.get(path)
        except ApiError as exc:
            if exc.status != 404:
                raise
            _check_missing(exc)
            return None
        if not isinstance(found, dict):
            raise NotPrefectError(
                f"GET {self.api_url}{path}: the answer is not an object, so this is not Prefect's API"
            )
        return found

    def query(self, path: str, body: JSON = None) -> JSON:
        """Return what a POST answers that only reads, such as ``/work_pools/filter``."""
        return self._json("POST", path, self._request("POST", path, body or {}))

    def read_all(self, path: str, body: t.Optional[Json] = None, most: t.Optional[int] = None) -> t.List[Json]:
        """Return all objects of a filter route, page by page.

        :param most: Stop when this many have been read.
        """
        found: t.List[Json] = []
        while True:
            asked = {} if self._page_size is None else {"limit": self._page_size}
            try:
                page = self.query(path, {**(body or {}), **asked, "offset": len(found)})
            except ApiError as exc:
                if exc.status != 422 or "limit" not in exc.words or self._page_size is None:
                    raise
                # PREFECT_SERVER_API_DEFAULT_LIMIT is both the default and the largest limit, and may be smaller.
                self._page_size = None
                continue
            if not isinstance(page, list):
                raise NotPrefectError(
                    f"POST {self.api_url}{path}: the answer is not a list, so this is not Prefect's API"
                )
            found.extend(page)
            whole = len(page) < self._page_size if self._page_size is not None else not page
            if whole or (most is not None and len(found) >= most):
                return found if most is None else found[:most]

    def probe(self, path: str, timeout: float) -> Response:
        """Send one GET, once, and return the answer whatever its status.

        :raises TransportError: No answer came back.
        """
        return self._transport.send("GET", self.api_url + path, self._headers, None, timeout)

    # Writing

    def create(self, path: str, body: Json, once: bool = False) -> JSON:
        """POST a new object and return the answer.

        :param once: Do not send it again where it may have been carried out, because that would make a second object.
        :raises ApiError: With ``answer_lost`` set when a try may have been carried out.
        :raises TransportError: With the kind ``dropped`` when, with ``once``, it may have been.
        """
        return self._json("POST", path, self._write("POST", path, body, once))

    def update(self, path: str, body: Json, method: str = "PATCH") -> JSON:
        """Change an object in place."""
        return self._json(method, path, self._write(method, path, body))

    def delete(self, path: str) -> None:
        """Delete an object. One that is already gone counts as deleted.

        :raises NotPrefectError: The 404 is not the API's own.
        """
        try:
            self._write("DELETE", path, None)
        except ApiError as exc:
            if exc.status != 404:
                raise
            _check_missing(exc)

    def _write(self, method: str, path: str, body: t.Optional[Json], once: bool = False) -> Response:
        if self.read_only:
            raise CheckModeWriteError(
                f"{method} {self.api_url}{path} was about to be sent in check mode; it was not. Please report this"
            )
        return self._request(method, path, body, once=once)

    # The wire

    def _request(
        self,
        method: str,
        path: str,
        body: t.Optional[Json],
        timeout: t.Optional[float] = None,
        once: bool = False,
    ) -> Response:
        """Send a request until it is answered for good, and return the good answer."""
        url = self.api_url + path
        data = None if body is None else json.dumps(body).encode("utf-8")
        answer_lost = False
        csrf_tried = False
        tries = 0
        begun = self._clock()
        while True:
            tries += 1
            token = self._csrf_token
            try:
                answer = self._transport.send(
                    method, url, self._request_headers(method, data, token), data, timeout or self.timeout
                )
            except TransportError as exc:
                lost = exc.kind == "dropped"
                self.strained += exc.kind == "timeout"
                # Refused is final at first, but not from a server that answered a moment ago: it restarts.
                away = lost or (exc.kind == "refused" and self._answered)
                patient = self._answered and self._clock() - begun < self.patience
                if not away or (lost and once) or (tries > self._retries and not patient):
                    if tries > 1:
                        exc.message += f" (tried {tries} times)"
                    raise
                answer_lost = answer_lost or lost
                self._sleep(min(_pause(tries, None), _SLOWEST_KNOCK))
                continue
            self._answered = True
            if answer.status in _RETRIED_STATUSES:
                self.strained += 1
                # Prefect's own 503 is about this request; a gateway's, or a planned one, is about the server.
                outage = "prefect-maintenance" in answer.headers or (answer.status != 429 and not _is_json(answer))
                patient = outage and self._clock() - begun < self.patience
                if once and answer.status != 429 and not _is_json(answer):
                    raise self._api_error(method, path, body, answer, True, tries)
                if tries <= self._retries or patient:
                    # A 429 was not carried out; behind a gateway's error the write may have been.
                    answer_lost = answer_lost or answer.status != 429
                    self._sleep(_pause(tries if not patient else min(tries, 4), answer.headers.get("retry-after")))
                    continue
            if answer.status == 403 and not csrf_tried and method != "GET" and _is_csrf(_words(answer)):
                csrf_tried = True
                tries -= 1
                self._renew_csrf_token(token, method, url, answer)
                continue
            if 200 <= answer.status < 300:
                return answer
            raise self._api_error(method, path, body, answer, answer_lost, tries)

    def _request_headers(self, method: str, data: t.Optional[bytes], csrf_token: t.Optional[str]) -> t.Dict[str, str]:
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Type"] = "application/json"
        if method != "GET" and csrf_token:
            headers["Prefect-Csrf-Token"] = csrf_token
            headers["Prefect-Csrf-Client"] = self._csrf_client
        return headers

    def _renew_csrf_token(self, used: t.Optional[str], method: str, url: str, refused: Response) -> None:
        """Get a token, unless another thread has got one since ``used`` was sent.

        The server issues a new one at each request and forgets the old one, so threads share it.
        """
        with self._csrf_lock:
            if self._csrf_token == used:
                self._csrf_token = None
                self._fetch_csrf_token(method, url, refused)

    def _fetch_csrf_token(self, method: str, url: str, refused: Response) -> None:
        try:
            token = self.get(f"/csrf-token?client={self._csrf_client}")
        except ApiError as exc:
            if exc.status == 422:
                # The server says protection is off, so something in front of it refused.
                raise ApiError(
                    refused.status,
                    _words(refused),
                    f"{method} {url}: HTTP 403: {_words(refused)}, but the server says"
                    " that CSRF protection is off; a proxy in front of it may strip headers or refuse the request",
                ) from exc
            raise
        if not isinstance(token, dict) or not isinstance(token.get("token"), str):
            raise NotPrefectError(f"GET {self.api_url}/csrf-token: the answer holds no token")
        self._csrf_token = token["token"]

    def _json(self, method: str, path: str, answer: Response) -> JSON:
        if not answer.body.strip():
            return None
        try:
            return json.loads(answer.body.decode("utf-8"))
        except ValueError as exc:
            raise NotPrefectError(
                f"{method} {self.api_url}{path}: HTTP {answer.status}, but the answer is not JSON, so this is not"
                " Prefect's API. Does api_url end with the API's path (usually /api)?",
                url=self.api_url + path,
                status=answer.status,
            ) from exc

    def _api_error(
        self, method: str, path: str, body: t.Optional[Json], answer: Response, answer_lost: bool, tries: int
    ) -> ApiError:
        url = self.api_url + path
        words = _without_values(_words(answer), body)
        message = f"{method} {url}: HTTP {answer.status}"
        if words:
            message += f": {words}"
        hint = self.hint(path, answer)
        if hint:
            message += f". {hint}" if not message.endswith(".") else f" {hint}"
        if tries > 1:
            message += f" (tried {tries} times)"
        complaints = _complaints(answer)
        return ApiError(answer.status, words, message, answer_lost, complaints, url=url, method=method)

    def hint(self, path: str, answer: Response) -> str:
        """Say what to do about an answer, as far as its status tells."""
        if 300 <= answer.status < 400:
            location = answer.headers.get("location", "")
            target = _without_query(urllib.parse.urljoin(self.api_url + path, location))
            clean = path.split("?", 1)[0]
            if target.endswith(clean):
                target = target[: -len(clean)]
            return (
                f"The server redirects to {_without_query(location) or 'nowhere'}. Redirects are not followed, because"
                f" that would carry credentials elsewhere: set api_url to {target}"
            )
        if answer.status == 401:
            if self.authenticated:
                return (
                    "The server does not accept these credentials. Compare api_auth_string with the server's"
                    " PREFECT_SERVER_API_AUTH_STRING; api_key goes before api_auth_string"
                )
            return "The server asks for credentials: give api_auth_string (user:password) or api_key"
        return ""


def _check_missing(answer: ApiError) -> None:
    """Refuse a 404 that does not say what was not found: "Not Found" alone means that there is no such route.

    :raises NotPrefectError: It is such a one.
    """
    if answer.words in ("", "Not Found"):
        raise NotPrefectError(
            f"{answer.message}. This is not how Prefect's API says that an object does not exist. Does api_url end"
            " with the API's path (usually /api)?",
            **answer.details,
        ) from answer


def _pause(tries: int, retry_after: t.Optional[str]) -> float:
    """Return the seconds to wait before the next try: what the server asks for, else 0.2, 0.4, 0.8 …"""
    if retry_after:
        try:
            asked = float(retry_after)
        except ValueError:
            try:
                asked = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
            except (TypeError, ValueError):
                asked = -1.0
        if asked >= 0:
            return min(asked, _LONGEST_PAUSE)
    return float(min(0.2 * 2.0 ** (tries - 1), _LONGEST_PAUSE))


def _is_json(answer: Response) -> bool:
    try:
        json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return False
    return True


def _is_csrf(words: str) -> bool:
    return "CSRF" in words or "Missing client identifier" in words


def _without_query(url: str) -> str:
    """Drop what may carry a secret from a URL that is shown: user, password, query and fragment."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _words(answer: Response) -> str:
    """Return the server's own explanation, and nothing that repeats the request.

    Prefect explains in ``detail`` or ``exception_message``; of the list that explains a 422 only where and what
    is taken, because each entry also repeats the refused input.
    """
    try:
        body = json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    for listed in (body.get("exception_detail"), body.get("detail")):
        if isinstance(listed, list):
            return "; ".join(_one_complaint(entry) for entry in listed if isinstance(entry, dict))
    error = body.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        # So the server judges templates.
        return f"line {error.get('line')}: {error['message']}"
    for key in ("detail", "exception_message", "message"):
        if isinstance(body.get(key), str):
            return " ".join(body[key].split())[:1000]
    return ""


def _complaints(answer: Response) -> t.List[t.Tuple[t.Tuple[t.Any, ...], str]]:
    """Return what a 422 says of each refused value: where it stands in the request, and what is wrong."""
    try:
        body = json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return []
    listed = body.get("exception_detail") if isinstance(body, dict) and answer.status == 422 else None
    return [
        (tuple(part for part in entry.get("loc", ()) if part != "body"), str(entry.get("msg", "")))
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    ]


def _without_values(words: str, body: t.Any) -> str:
    """Hide the texts inside the sent document from the server's words, which may quote a refused value."""
    for secret in sorted(_inner_texts(body, 0), key=len, reverse=True):
        words = words.replace(secret, "***")
    return words


def _inner_texts(value: t.Any, depth: int) -> t.Set[str]:
    """Return the texts below the first level, where names and types stand; words that Prefect itself uses excepted."""
    if isinstance(value, dict):
        return {text for inner in value.values() for text in _inner_texts(inner, depth + 1)}
    if isinstance(value, list):
        return {text for inner in value for text in _inner_texts(inner, depth + 1)}
    if isinstance(value, str) and depth > 1 and len(value) > 2 and value not in _SCHEMA_WORDS:
        return {value}
    return set()


def _one_complaint(entry: Json) -> str:
    where = ".".join(str(part) for part in entry.get("loc", ()) if part != "body")
    what = str(entry.get("msg", entry.get("type", "")))
    return f"{where}: {what}" if where else what
