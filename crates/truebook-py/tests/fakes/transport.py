"""A ``requests`` adapter that is a venue: nothing leaves the process, and every request is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from typing import Any, Optional, Union
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError


@dataclass(frozen=True)
class Sent:
    """A request as it would have gone over the wire."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def fields(self) -> dict[str, str]:
        """What is asked, in the address or in a form."""
        return {**self.query, **({} if self.body[:1] in ("{", "[") else self.form)}


#: A status and a JSON value, or the text of a body that is none.
Answer = tuple[int, Union[dict[str, Any], list[Any], str, None]]


class Lost:
    """The venue does what was asked, and its reply is lost."""


class Unreachable:
    """No connection is made."""


@dataclass
class Transport(BaseAdapter):
    """Answers requests, or lets go wrong what a test wants to."""

    answer: Callable[[Sent], Answer]
    sent: list[Sent] = field(default_factory=list)
    #: What goes wrong with the next requests of this method; an answer instead is given as such.
    faults: dict[str, list[Union[Lost, Unreachable, Answer]]] = field(default_factory=dict)
    #: The headers of answers.
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def of(self, method: str, path: Optional[str] = None) -> list[Sent]:
        """The requests of this method whose address ends so."""
        return [
            sent for sent in self.sent if sent.method == method and (path is None or sent.path.endswith(path))
        ]

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        sent = _sent(request)
        self.sent.append(sent)
        faults = self.faults.get(sent.method)
        fault = faults.pop(0) if faults else None
        if isinstance(fault, Unreachable):
            raise _unreachable(sent)
        if isinstance(fault, tuple):
            return self._response(request, fault)
        answer = self.answer(sent)
        if isinstance(fault, Lost):
            cause = ProtocolError("Connection aborted.", RemoteDisconnected("closed without response"))
            raise requests.exceptions.ConnectionError(cause, request=request)
        return self._response(request, answer)

    def close(self) -> None:
        pass

    def _response(self, request: requests.PreparedRequest, answer: Answer) -> requests.Response:
        status, body = answer
        response = requests.Response()
        response.status_code, response.reason = status, f"status {status}"
        response.url, response.request = request.url or "", request
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        response._content = text.encode()
        response.headers.update({"Content-Type": "application/json", **self.headers})
        return response


def _sent(request: requests.PreparedRequest) -> Sent:
    url = urlsplit(request.url or "")
    body = request.body or ""
    return Sent(
        method=request.method or "",
        host=url.netloc,
        path=url.path,
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        body=body.decode() if isinstance(body, bytes) else str(body),
        headers={str(name): str(value) for name, value in request.headers.items()},
    )


def _unreachable(sent: Sent) -> requests.exceptions.ConnectionError:
    pool = HTTPSConnectionPool(sent.host)
    why = NewConnectionError(pool, "Failed to establish a new connection: refused")  # type: ignore[arg-type]
    return requests.exceptions.ConnectionError(MaxRetryError(pool, sent.path, why))
