"""Plain files beside the book: read whole, replaced whole, durable when that is over."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from datetime import datetime, timezone
from typing import Any

#: Names with the same time that are told apart.
_TWINS_MAX = 1000


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)


def read(path: str) -> bytes:
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def to_json(document: Any) -> bytes:
    """A document as these files hold it."""
    return json.dumps(document, indent=4, default=str).encode()


def document(content: bytes) -> dict[str, Any]:
    """The JSON object in a file. Raises ``ValueError``."""
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"it holds no JSON object but a {type(found).__name__}")
    return found


def replace(path: str, content: bytes) -> None:
    """Puts a file in the place of another: afterwards there is one or the other, also after a power cut."""
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    os.makedirs(directory, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", suffix=".tmp", dir=directory)
    try:
        _write(handle, content)
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        _forget(temporary)
        raise
    _sync_directory(directory)


def write_new(directory: str, stem: str, suffix: str, content: bytes) -> str:
    """Makes a file of a name that no other has, and tells its path."""
    os.makedirs(directory, exist_ok=True)
    for twin in range(1, _TWINS_MAX):
        name = f"{stem}{suffix}" if twin == 1 else f"{stem}_{twin}{suffix}"
        path = os.path.join(directory, name)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            _write(handle, content)
        except BaseException:
            _forget(path)
            raise
        _sync_directory(directory)
        return path
    raise FileExistsError(f"{directory}: {_TWINS_MAX} files are called {stem}")


def keep_aside(path: str, what: str) -> str:
    """A copy of a file beside it, which nothing here ever changes; tells its path."""
    stem = f"{os.path.basename(path)}.{what}-{now():%Y%m%dT%H%M%SZ}"
    return write_new(os.path.dirname(os.path.realpath(path)), stem, "", read(path))


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _sync_directory(directory: str) -> None:
    if os.name == "nt":
        return  # Windows cannot sync a directory.
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
