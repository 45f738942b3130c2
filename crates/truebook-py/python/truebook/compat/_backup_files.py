"""Backup files in the old form: ``state_backup_YYYYMMDD_HHMMSS.json``, with an index in ``backup_metadata.json``.

The files are what counts; an index that is damaged or gone is made again from them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import datetime
from typing import Any, Optional

from . import _files

INDEX = "backup_metadata.json"
_NAME = re.compile(r"state_backup_(\d{8}_\d{6})(?:_(\d+))?\.json")
#: By the length of its digits: an old index may have been written with any of these.
_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}

Row = dict[str, Any]


def make(directory: str, content: bytes, row: Row) -> str:
    """Stores a backup file and its row; tells its path."""
    at = _files.now()
    path = _files.write_new(directory, f"state_backup_{at:%Y%m%d_%H%M%S}", ".json", content)
    described = {
        "filename": os.path.basename(path),
        "path": path,
        "timestamp": at.isoformat(),
        "checksum": _files.sha256(content),
        "size_bytes": len(content),
        **row,
    }
    rows = {known["filename"]: known for known in listed(directory)}
    _write_index(directory, {**rows, described["filename"]: described})
    return path


def listed(directory: str) -> list[Row]:
    """All backup files, newest first; files that the index does not know are there too."""
    index, rows = _read_index(directory), []
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        path = os.path.join(directory, name)
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            continue  # Rotated away between the two looks.
        row = {"timestamp": match[1], "checksum": None, "reason": "", **index.get(name, {})}
        rows.append({**row, "filename": name, "path": path, "size_bytes": size})
    return sorted(rows, key=_age, reverse=True)


def _age(row: Row) -> tuple[float, int]:
    """When a file was made, and which of its twins it is."""
    match = _NAME.fullmatch(row["filename"])
    twin = int(match[2] or 1) if match else 0
    try:
        at = datetime.fromisoformat(str(row["timestamp"]))
    except ValueError:
        at = datetime.min
    if at.tzinfo is not None:
        return at.timestamp(), twin
    # Old indices and names are in some local time: the file itself tells better.
    try:
        return os.stat(row["path"]).st_mtime, twin
    except OSError:
        return 0.0, twin


def fault_of(path: str) -> Optional[str]:
    """Why a backup file cannot be used; ``None`` if it can."""
    try:
        content = _files.read(path)
        _files.document(content)
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError) as failed:
        return f"it cannot be read: {failed}"
    row = _read_index(os.path.dirname(path)).get(os.path.basename(path), {})
    checksum = row.get("checksum")
    algorithm = _ALGORITHMS.get(len(checksum)) if isinstance(checksum, str) else None
    if algorithm is None:
        return None
    if hashlib.new(algorithm, content).hexdigest() != checksum:
        return "its checksum is not the one in the index: it was changed or has rotted"
    return None


def remove(directory: str, names: set[str]) -> None:
    """Removes backup files and their rows."""
    kept = {row["filename"]: row for row in listed(directory) if row["filename"] not in names}
    # The row goes last: a file without a row is still a backup, a row without a file is not.
    for name in names:
        try:
            os.unlink(os.path.join(directory, name))
        except FileNotFoundError:
            pass
    _write_index(directory, kept)


def _read_index(directory: str) -> dict[str, Row]:
    try:
        found = json.loads(_files.read(os.path.join(directory, INDEX)))
    except (OSError, ValueError):
        return {}
    rows = found.get("backups", found) if isinstance(found, dict) else found
    if isinstance(rows, dict):
        rows = [{"filename": name, **row} for name, row in rows.items() if isinstance(row, dict)]
    if not isinstance(rows, list):
        return {}
    known = {}
    for row in rows:
        name = (
            row.get("filename") or os.path.basename(str(row.get("path", "")))
            if isinstance(row, dict)
            else None
        )
        if name:
            known[str(name)] = row
    return known


def _write_index(directory: str, rows: dict[str, Row]) -> None:
    ordered = sorted(rows.values(), key=_age)
    _files.replace(os.path.join(directory, INDEX), _files.to_json({"backups": ordered}))
