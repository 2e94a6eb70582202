"""Before Countersign serves: it may not be able to undo its log; and what it is set to goes on record."""

import hashlib
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import rfc8785
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connection, transaction

from audit.kinds import FORBIDDEN_IN_TEXT, LONGEST_TEXT, plain
from audit.models import Entry
from audit.powers import powers, role, unguarded_tables
from audit.same_start import recorded_by_a_sibling
from audit.services import record
from audit.witnesses.configured import Way, witnesses

logger = logging.getLogger(__name__)

# A database that is being started is up by then; a service manager tries again after that.
WAIT_SECONDS = 10
# What decides how people work and what is found; no secret, no address.
SETTINGS = (
    "DEBUG", "HTTPS_ONLY", "TIME_ZONE", "UPLOAD_MAX_BYTES", "UPLOAD_MAX_PIXELS", "UPLOAD_MAX_FILES",
    "DERIVATIVE_LONGEST_SIDE", "DEVICE", "RECOGNITION_THREADS", "SEARCH_CUT_OFF", "JOB_LEASE_SECONDS",
    "JOB_MAX_ATTEMPTS", "RECONCILE_EVERY_SECONDS", "ASSIGNMENT_LEASE_SECONDS", "ASSIGNMENT_GRACE_SECONDS",
    "EXPOSURE_CAP_PER_DAY", "SESSION_COOKIE_AGE", "AXES_FAILURE_LIMIT", "AXES_COOLOFF_TIME", "APP_DATABASE_ROLE",
    "SEQUENCER_DATABASE_ROLE", "AUDIT_ORIGIN", "AUDIT_CHECKPOINT_SECONDS", "AUDIT_REHASH_PER_CHECKPOINT",
    "AUDIT_MAIL_EVERY", "AUDIT_TSA_EVERY",
)  # fmt: skip


class StartRefused(ImproperlyConfigured):
    """Countersign doesn't serve like this; the text says why and what to do."""


def begin(service: str) -> None:
    """Check that the log is out of reach and record the start, or raise StartRefused; with DEBUG on, warn.

    It asks in a thread of its own, so that no process that is forked later inherits the connection, and so that a
    server that imports the application while its loop runs can call it.
    """
    with ThreadPoolExecutor(1) as aside:
        aside.submit(_begin, service).result()


def _begin(service: str) -> None:
    try:
        check_role()
        record_start(service=service)
    except (ImproperlyConfigured, DatabaseError) as problem:
        if not settings.DEBUG:
            raise StartRefused(str(problem)) from problem
        logger.warning("%s With DEBUG off, Countersign would not serve.", problem)
    finally:
        connection.close()


def check_role(*, wait: float = WAIT_SECONDS) -> None:
    """Raise StartRefused where the role could undo what is on record, or where the database can't be asked."""
    until = time.monotonic() + wait
    while True:
        try:
            return _check_role()
        except OperationalError as problem:
            connection.close()
            if time.monotonic() >= until:
                raise StartRefused(
                    f"The database can't be asked what this role may do ({str(problem).strip()}): start PostgreSQL or"
                    " correct DATABASE_URL, and start again."
                ) from problem
            time.sleep(0.5)


def _check_role() -> None:
    if found := list(powers(connection)):
        raise StartRefused(
            f"Countersign doesn't serve as the database role {role(connection)}, which {' and '.join(found)}: have"
            f" DATABASE_URL sign in as {settings.APP_DATABASE_ROLE}; `manage.py audit roles` prints the SQL for it."
        )
    if unguarded := unguarded_tables(connection):
        raise StartRefused(
            f"Nothing in this database keeps {', '.join(sorted(unguarded))} from being changed: run"
            " `manage.py migrate` as the migrating role, and have somebody look if that has run before."
        )


def record_start(*, service: str) -> Entry | None:
    """Record that a service was started, and with which settings; None where its sibling recorded the same start."""
    if recorded_by_a_sibling(service):
        return None
    said = settings_that_matter()
    payload: dict[str, Any] = {
        "service": service,
        "settings": said,
        "settings_sha256": hashlib.sha256(rfc8785.dumps(said)).hexdigest(),
        "database_role": role(connection),
    }
    with transaction.atomic():
        return record(kind="audit:service:started/1", actor=None, subject=None, payload=payload)


def settings_that_matter() -> dict[str, Any]:
    """Return the settings that go on record; a number that isn't whole is written out as text."""
    values = {name.lower(): getattr(settings, name) for name in SETTINGS} | _handed_checkpoints()
    return {name: plain(str(value) if isinstance(value, float) else value) for name, value in values.items()}


def _handed_checkpoints() -> dict[str, list[str]]:
    """Return who is handed the checkpoints, with the part of each address that isn't between them and us alone."""
    found: dict[str, list[str]] = {"audit_witnesses": [], "audit_tsa_url": []}
    for witness in witnesses().values():
        said = f"{witness.key or witness.name} {witness.way.value} {witness.shown_address}"
        # What a host or a mailbox may hold and an entry may not.
        written = FORBIDDEN_IN_TEXT.sub("?", said)[:LONGEST_TEXT]
        found["audit_tsa_url" if witness.way is Way.STAMPED else "audit_witnesses"].append(written)
    return found


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
        check_role(wait=0)
    except StartRefused as problem:
        return [checks.Error(str(problem), id="audit.E001")]
    return []
