"""The documents that entries name by their hash, as far as somebody may see them.

An app whose entries name documents says so when it is ready: `provide_records("document_sha256", signed_documents)`.
The callable takes hashes and a viewer (None is the operator) and returns those documents that the viewer may see.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

from accounts.models import User

Provider = Callable[[Sequence[str], User | None], dict[str, bytes]]
_PROVIDERS: dict[str, Provider] = {}


def provide_records(key: str, provider: Provider) -> None:
    """Let this callable give the documents whose hashes stand under this key of a payload."""
    _PROVIDERS[key] = provider


def records_named(payload: str) -> set[tuple[str, str]]:
    """Return the documents that a payload, as canonical text, names: (key, hash)."""
    return {(key, sha256) for key in _PROVIDERS for sha256 in re.findall(f'"{key}":"([0-9a-f]{{64}})"', payload)}


def records_of(key: str, sha256s: Sequence[str], viewer: User | None) -> dict[str, bytes]:
    """Return the documents with these hashes that the viewer may see; none whose bytes have another hash."""
    found = _PROVIDERS[key](sha256s, viewer)
    return {sha256: data for sha256, data in found.items() if hashlib.sha256(data).hexdigest() == sha256}
