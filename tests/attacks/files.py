"""A bundle opened, changed and closed again, covered up as far as the attacker goes.

The seal says how far that is: ZIP alone, the manifest too, the payload of the export's entry too, its leaf as well.
"""

import hashlib
import io
import json
import zipfile
from typing import Any

from audit.bundle.container import Container
from audit.bundle.layout import canonical_json

Files = dict[str, bytes]
KEYS, CHECKPOINTS, ENTRIES = "keys.jsonl", "checkpoints.jsonl", "entries.jsonl"
MANIFEST, CLOSING = "manifest.json", "closing.jsonl"
SEALS = ("container", "manifest", "export payload", "export leaf")


def unpacked(bundle: bytes) -> Files:
    """Return the files of a bundle in their order."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Files) -> bytes:
    """Return files as a bundle, with headers and checksums that agree."""
    out = io.BytesIO()
    container = Container(out)
    for name, data in files.items():
        container.add(name, data)
    container.finish()
    return out.getvalue()


def lines_of(files: Files, name: str) -> list[dict[str, Any]]:
    """Return the lines of a file, read."""
    return [json.loads(line) for line in files[name].decode().split("\n")[:-1]]


def put_lines(files: Files, name: str, lines: list[dict[str, Any]]) -> None:
    """Write a file anew."""
    files[name] = "".join(canonical_json(line) + "\n" for line in lines).encode("utf-8", "surrogatepass")


def sealed(files: Files, seal: str) -> bytes:
    """Cover a change up as far as the seal says, and as the files that are left allow."""
    if SEALS.index(seal) >= 1 and {MANIFEST, ENTRIES} <= files.keys():
        renew_manifest(files)
    if SEALS.index(seal) >= 2 and {MANIFEST, CLOSING} <= files.keys():
        _renew_export(files, leaf=seal == SEALS[3])
    return packed(files)


def renew_manifest(files: Files) -> None:
    said = json.loads(files[MANIFEST])
    names = [name for name in files if name not in {MANIFEST, CLOSING, "closing.txt"}]
    said["files"] = [
        {"bytes": len(files[name]), "name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in names
    ]
    lines = lines_of(files, ENTRIES)
    said["entries"] = sum("entry" in line for line in lines)
    said["size"] = leaves_of(lines)
    files[MANIFEST] = canonical_json(said).encode() + b"\n"


def leaves_of(lines: list[dict[str, Any]]) -> int:
    """Return how many leaves lines stand for; a height that can't be one counts as none."""
    heights = [line.get("height", 0) for line in lines]
    return sum(1 << height for height in heights if type(height) is int and 0 <= height < 64)


def _renew_export(files: Files, *, leaf: bool) -> None:
    lines = lines_of(files, CLOSING)
    for line in lines:
        if "entry" in line:
            line["payload"]["manifest_sha256"] = hashlib.sha256(files[MANIFEST]).hexdigest()
            if leaf:
                line["entry"]["commitment"] = commitment(line)
    put_lines(files, CLOSING, lines)


def commitment(line: dict[str, Any]) -> str:
    """Return what a leaf should say about this payload and salt."""
    return hashlib.sha256(bytes.fromhex(line["salt"]) + canonical_json(line["payload"]).encode()).hexdigest()
