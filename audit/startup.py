"""Before Countersign serves: it may not be able to undo its log; and what it is set to goes on record."""

import hashlib
import logging
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connection, transaction

from audit import constraint_texts
from audit.database_rules import added_rules, looks_elsewhere, missing_rules, rules_rest
from audit.kinds import FORBIDDEN_IN_TEXT, LONGEST_TEXT, plain
from audit.models import Entry
from audit.powers import powers, role
from audit.program import source_sha256
from audit.same_start import first_of_siblings
from audit.services import record
from audit.surplus import managed_tables, surplus
from audit.witnesses.configured import Way, witnesses

logger = logging.getLogger(__name__)

# A database that is being started is up by then; a service manager tries again after that.
WAIT_SECONDS = 10
SEQUENCER = "sequencer"
# So many of what is too much, or of what is missing, are named.
SHOWN = 12
# What decides how people work and what is found; no secret, nobody's address.
SETTINGS = (
    "DEBUG", "HTTPS_ONLY", "BEHIND_PROXY", "TIME_ZONE", "UPLOAD_MAX_BYTES", "UPLOAD_MAX_PIXELS", "UPLOAD_MAX_FILES",
    "DERIVATIVE_LONGEST_SIDE", "DEVICE", "RECOGNITION_THREADS", "SEARCH_CUT_OFF", "JOB_LEASE_SECONDS",
    "JOB_MAX_ATTEMPTS", "RECONCILE_EVERY_SECONDS", "ASSIGNMENT_LEASE_SECONDS", "ASSIGNMENT_GRACE_SECONDS",
    "EXPOSURE_CAP_PER_DAY", "SESSION_COOKIE_AGE", "AXES_FAILURE_LIMIT", "AXES_COOLOFF_TIME", "APP_DATABASE_ROLE",
    "SEQUENCER_DATABASE_ROLE", "AUDIT_ORIGIN", "AUDIT_CHECKPOINT_SECONDS", "AUDIT_REHASH_PER_CHECKPOINT",
    "AUDIT_MAIL_EVERY", "AUDIT_TSA_EVERY", "EXPORT_KEEP_DAYS",
)  # fmt: skip


class StartRefused(ImproperlyConfigured):
    """Countersign doesn't serve like this; the text says why and what to do."""


@dataclass(frozen=True)
class SignIn:
    """As which role a service signs in, by which setting, and whose part it mustn't do besides."""

    role: str
    url: str
    other: str
    part_of_the_other: str


def sign_in_of(service: str) -> SignIn:
    """Return how a service signs in: the sequencer by itself, web server and workers alike."""
    web, sequencer = settings.APP_DATABASE_ROLE, settings.SEQUENCER_DATABASE_ROLE
    if service == SEQUENCER:
        return SignIn(sequencer, "SEQUENCER_DATABASE_URL", web, "is that of web server and workers")
    return SignIn(web, "DATABASE_URL", sequencer, "is that of the sequencer")


def begin(service: str) -> None:
    """Check that the log is out of reach and record the start, or raise StartRefused; with DEBUG on, warn.

    It asks in a thread of its own, so that no process that is forked later inherits the connection, and so that a
    server that imports the application while its loop runs can call it.
    """
    with ThreadPoolExecutor(1) as aside:
        aside.submit(_begin, service).result()


def _begin(service: str) -> None:
    try:
        check_database(service)
        if unsaid := left_out():
            logger.warning(unsaid)
        record_start(service=service)
    except (ImproperlyConfigured, DatabaseError) as problem:
        if not settings.DEBUG:
            raise StartRefused(str(problem)) from problem
        logger.warning("%s With DEBUG off, Countersign would not serve.", problem)
    finally:
        connection.close()


def check_database(service: str, *, wait: float = WAIT_SECONDS) -> None:
    """Raise StartRefused where the role could undo what is on record, where rules are missing, or nothing answers."""
    said, until = sign_in_of(service), time.monotonic() + wait
    while (problems := _asked(said, give_up=time.monotonic() >= until)) is None:
        time.sleep(0.5)
    if problems:
        raise StartRefused("\n".join(problems))


def _asked(said: SignIn, *, give_up: bool) -> list[str] | None:
    """Return what is wrong, or None where the database is away and may come back."""
    try:
        return list(_problems(said))
    except OperationalError as problem:
        connection.close()
        if not give_up:
            return None
        raise StartRefused(
            f"The database can't be asked what this role may do ({str(problem).strip()}): start PostgreSQL or correct"
            f" {said.url}, and start again."
        ) from problem


def _problems(said: SignIn) -> Iterator[str]:
    """Yield in a sentence each what keeps a service from serving."""
    own, found = role(connection), list(powers(connection, managed_tables()))
    if own == said.other:
        found.append(said.part_of_the_other)
    if found:
        yield (
            f"Countersign doesn't serve as the database role {own}, which {' and '.join(found)}: have {said.url} sign"
            f" in as {said.role}; `manage.py audit roles` prints the SQL for it."
        )
    else:  # what another role than this may do is beside the point
        yield from _of_rights(own, said)
    yield from _of_rules()


def _of_rights(own: str, said: SignIn) -> list[str]:
    beyond = [found.sentence(own=own, given_to=said.role) for found in surplus(connection, given_to=said.role)]
    return _counted(beyond, "And there are {more} more such rights.")


def _of_rules() -> Iterator[str]:
    if rules_rest(connection):
        yield (
            f"The database role {role(connection)} signs in with session_replication_role set, with which no foreign"
            " key is held: reset it for the role and the database as a superuser (ALTER ROLE ... RESET)."
        )
    if looks_elsewhere(connection):
        yield (
            f"The database role {role(connection)} signs in with a search_path by which functions of others pass for"
            " PostgreSQL's own: reset it for the role and the database as a superuser (ALTER ROLE ... RESET)."
        )
    if missing := missing_rules(connection):
        yield (
            f"This database lacks {', '.join(_counted(missing, 'and {more} more'))}, or has it otherwise than the"
            " migrations put it up: run `manage.py migrate` as the migrating role, and have somebody look if that has"
            " run before."
        )
    if added := added_rules(connection):
        yield (
            f"No migration put up {', '.join(_counted(added, 'and {more} more'))}, which could undo what is written:"
            " drop it as the migrating role, and have somebody look where it came from."
        )


def left_out() -> str:
    """Say what couldn't be compared on this version of PostgreSQL; "" where all was."""
    version, known = constraint_texts.major_version(connection), constraint_texts.VERSIONS
    if version in known:
        return ""
    return (
        "Of this database's constraints it was only asked whether they are there, not what they say, as it isn't known"
        f" how PostgreSQL {version} writes them: use version {' or '.join(map(str, known))} to have that compared too."
    )


def _counted(said: Sequence[object], rest: str) -> list[str]:
    """Return as many as somebody reads, and how many more there are."""
    shown = [str(one) for one in said[:SHOWN]]
    return [*shown, rest.format(more=len(said) - SHOWN)] if len(said) > SHOWN else shown


def record_start(*, service: str) -> Entry | None:
    """Record that a service was started, and with which settings; None where its sibling recorded the same start."""
    said = settings_that_matter()
    sha256, version = hashlib.sha256(rfc8785.dumps(said)).hexdigest(), running_version()
    payload: dict[str, Any] = {
        "service": service,
        "settings": said,
        "settings_sha256": sha256,
        "version": version,
        "source_sha256": source_sha256(settings.BASE_DIR),
        "database_role": role(connection),
    }
    with first_of_siblings(service, f"{sha256} {version} {payload['source_sha256']}") as first:
        return _recorded(payload) if first else None


@transaction.atomic
def _recorded(payload: dict[str, Any]) -> Entry:
    return record(kind="audit:service:started/1", actor=None, subject=None, payload=payload)


def running_version() -> str:
    """Return the version of the program, which isn't installed as a package, from its own description."""
    described = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(described["project"]["version"])


def settings_that_matter() -> dict[str, Any]:
    """Return the settings that go on record; a number that isn't whole is written out as text."""
    values = {name.lower(): getattr(settings, name) for name in SETTINGS} | _handed_checkpoints()
    values["audit_tsa_certificates"] = _certificates()
    return {name: plain(str(value) if isinstance(value, float) else value) for name, value in values.items()}


def _handed_checkpoints() -> dict[str, list[str]]:
    """Return who is handed the checkpoints, with the part of each address that isn't between them and us alone."""
    found: dict[str, list[str]] = {"audit_witnesses": [], "audit_tsa_url": []}
    for witness in witnesses().values():
        # What a name or a host may hold and an entry may not.
        written = FORBIDDEN_IN_TEXT.sub("?", witness.on_record)[:LONGEST_TEXT]
        found["audit_tsa_url" if witness.way is Way.STAMPED else "audit_witnesses"].append(written)
    return found


def _certificates() -> str:
    """Return the SHA-256 of the file under whose certificates time stamps must be signed, or that there is none."""
    if not settings.AUDIT_TSA_CERTIFICATES:
        return "none"
    try:
        return hashlib.sha256(Path(settings.AUDIT_TSA_CERTIFICATES).read_bytes()).hexdigest()
    except OSError:
        return "unreadable"  # with an authority to stamp, the checks at the start say so too


@checks.register(checks.Tags.database, deploy=True)
def role_cannot_undo_the_log(
    app_configs: Any = None,  # noqa: ARG001  (given to every check)
    databases: Sequence[str] | None = None,
    **_: Any,
) -> list[checks.CheckMessage]:
    """`manage.py check --deploy --database default` asks the same; migrating, which the owner does, doesn't."""
    if not databases:
        return []
    try:
        check_database("web server", wait=0)
    except StartRefused as problem:
        return [checks.Error(str(problem), id="audit.E001")]
    return [checks.Warning(unsaid, id="audit.W001")] if (unsaid := left_out()) else []
