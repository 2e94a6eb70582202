"""Who is handed the checkpoints: AUDIT_WITNESSES and AUDIT_TSA_URL.

An entry of AUDIT_WITNESSES is an address, with a name or a key before it:

    witness.example/w1+5ca1ab1e+BAbc… https://witness.example    cosigns (C2SP tlog-witness), known by its vkey
    ombudsman https://ombud.example/hooks/checkpoint             gets the note by POST
    press mailto:desk@press.example                              gets the note by e-mail

Without a name a mailbox goes by its address and a web address by its host. Names are what is shown; what stands after
the host in an address may be a secret between the two, and isn't. A mailbox may be a person's: wherever it would be
shown, only its first letter and its domain are.
"""

import enum
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from audit.notes import COSIGNATURE, BadNote, VerifierKey

MAILTO = "mailto:"
# What stands before an @. Quotes and braces may be in it, and around the whole address in what a mail server says.
MAILBOX = re.compile(r"""([^\s@<>()\[\],:;{}"'])[^\s@<>()\[\],:;]*(?=@)""")


def veiled(text: str) -> str:
    """Return a text with every mailbox in it as its first letter and its domain: d…@press.example."""
    return MAILBOX.sub(r"\1…", text)


class Way(enum.Enum):
    """How a checkpoint gets there."""

    COSIGNED = "cosigns"
    MAILED = "gets e-mail"
    POSTED = "is posted to"
    STAMPED = "stamps the time"


# Of these nothing comes back that could be checked: the program seals its own row (audit/witnesses/seals.py).
SEALED = frozenset({Way.MAILED, Way.POSTED})


@dataclass(frozen=True)
class Witness:
    """Somebody who is handed the newest checkpoint, at most every so many seconds."""

    name: str
    way: Way
    address: str
    key: VerifierKey | None = None
    every: int = 0

    @property
    def shown_name(self) -> str:
        """The name by which those who read the log know it."""
        return veiled(self.name)

    @property
    def shown_address(self) -> str:
        """The part of the address that anybody who reads the log may see."""
        if self.way is Way.MAILED:
            return veiled(self.address)
        scheme, host, *_ = urlsplit(self.address)
        return f"{scheme}://{host}"

    @property
    def on_record(self) -> str:
        """What an entry says of it: of a mailbox, which may be a person's, only the SHA-256."""
        if self.way is not Way.MAILED:
            return f"{self.key or self.name} {self.way.value} {self.shown_address}"
        name = "a mailbox" if "@" in self.name else self.name
        return f"{name} {self.way.value} sha256:{hashlib.sha256(self.address.encode()).hexdigest()}"


def witnesses() -> dict[str, Witness]:
    """Return everybody who is handed checkpoints, by name; ImproperlyConfigured where a setting can't be meant."""
    named: dict[str, Witness] = {}
    for witness in _configured():
        if named.setdefault(witness.name, witness) is not witness:
            raise ImproperlyConfigured(f"AUDIT_WITNESSES: two are named {witness.name}. Write another name before one.")
    return named


def _configured() -> Iterator[Witness]:
    for number, entry in enumerate(filter(None, map(str.strip, settings.AUDIT_WITNESSES)), start=1):
        try:
            yield _parsed(entry)
        except (ValueError, ValidationError) as problem:
            said = problem.messages[0] if isinstance(problem, ValidationError) else str(problem)
            raise ImproperlyConfigured(f"AUDIT_WITNESSES, entry {number}: {said}") from problem
    if settings.AUDIT_TSA_URL:
        yield _authority()


def _parsed(entry: str) -> Witness:
    """Read one entry; ValueError or ValidationError says what is wrong with it."""
    *before, address = entry.split()
    if len(before) > 1:
        raise ValueError("At most one word, a name or a vkey, stands before the address. Commas part the entries.")
    name = before[0] if before else ""
    if address.startswith(MAILTO):
        mailbox = address.removeprefix(MAILTO)
        validate_email(mailbox)
        return Witness(_label(name) or mailbox, Way.MAILED, mailbox, every=settings.AUDIT_MAIL_EVERY)
    host = web_address(address).netloc
    if "+" in name:
        return _cosigning(name, address)
    return Witness(_label(name) or host, Way.POSTED, address)


def _cosigning(vkey: str, address: str) -> Witness:
    try:
        key = VerifierKey.parsed(vkey)
    except BadNote as problem:
        raise ValueError(f"{problem}.") from problem
    if key.algorithm != COSIGNATURE:
        raise ValueError(f"The vkey of {key.name} isn't a witness's, which begins with a B after its second plus sign.")
    return Witness(key.name, Way.COSIGNED, address.rstrip("/"), key)


def _authority() -> Witness:
    try:
        host = web_address(settings.AUDIT_TSA_URL).netloc
    except ValueError as problem:
        raise ImproperlyConfigured(f"AUDIT_TSA_URL: {problem}") from problem
    # No name before an address has a space in it, so this is nobody else's.
    return Witness(f"{host} (RFC 3161)", Way.STAMPED, settings.AUDIT_TSA_URL, every=settings.AUDIT_TSA_EVERY)


def web_address(address: str) -> SplitResult:
    """Return the parts of an http or https address; ValueError for anything else."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not address.isascii():
        raise ValueError("The address should begin with https:// or mailto: and name a host or a mailbox.")
    if "@" in parts.netloc:
        raise ValueError("A name and a password can't stand in the address.")
    return parts


def _label(name: str) -> str:
    if "+" in name or not name.isprintable():
        raise ValueError("A vkey stands before the address of a witness that cosigns, nowhere else.")
    return name
