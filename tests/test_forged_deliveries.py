"""Whoever signs in to the database as the web adds rows of deliveries; none of them puts off a delivery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core import mail
from django.core.checks import run_checks
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Checkpoint, Delivery
from audit.witnesses import pauses
from audit.witnesses.configured import witnesses
from audit.witnesses.delivering import Attempts, deliver, due_witnesses
from audit.witnesses.seals import seal
from audit.witnesses.standing import standings
from tests.audit_fixtures import app_connection
from tests.witness_scene import NAME, Agency, answering, closed_port, grown, log_keys

pytestmark = pytest.mark.django_db(transaction=True)

PRESS, HOOK = "press", "hook"
FAILED = """
INSERT INTO audit_delivery (checkpoint_id, witness, tried_at, succeeded, answer)
SELECT max(id), %(name)s, now(), false, 'Away.' FROM audit_checkpoint, generate_series(1, 20) GROUP BY generate_series
"""
COPIED = """
INSERT INTO audit_delivery (checkpoint_id, witness, tried_at, succeeded, answer)
SELECT checkpoint_id, witness, tried_at + %(later)s, succeeded, answer FROM audit_delivery WHERE witness = %(name)s
"""
TAKEN = """
INSERT INTO audit_delivery (checkpoint_id, witness, tried_at, succeeded, answer)
SELECT max(id), %(name)s, now(), true, %(answer)s FROM audit_checkpoint
"""
# Over it, the row that was sealed for another checkpoint; at the same moment too.
MOVED = """
INSERT INTO audit_delivery (checkpoint_id, witness, tried_at, succeeded, answer)
SELECT (SELECT max(id) FROM audit_checkpoint), witness, tried_at, succeeded, answer FROM audit_delivery
WHERE witness = %(name)s AND succeeded
"""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def attack() -> Iterator[Callable[..., None]]:
    """Run SQL as the role of web and workers; it must add rows."""
    with app_connection() as app:

        def run(statement: str, **values: Any) -> None:
            assert app.execute(statement, values).rowcount > 0

        yield run


@dataclass
class There:
    """A witness that answers, and how often it was asked."""

    name: str
    asked: Callable[[], int]


@contextmanager
def cosigning(settings: Any, folder: Path) -> Iterator[There]:
    abroad = Agency(folder / "witness", log_keys())
    with abroad.there() as keeper:
        settings.AUDIT_WITNESSES = [abroad.setting]
        yield There(NAME, lambda: keeper.asked)


@contextmanager
def posted(settings: Any, folder: Path) -> Iterator[There]:
    with answering(lambda _: (200, {}, b"")) as (address, asked):
        settings.AUDIT_WITNESSES = [f"{HOOK} {address}"]
        yield There(HOOK, lambda: len(asked))


@contextmanager
def mailed(settings: Any, folder: Path) -> Iterator[There]:
    settings.AUDIT_WITNESSES, settings.AUDIT_MAIL_EVERY = [f"{PRESS} mailto:desk@press.example"], 3600
    yield There(PRESS, lambda: len(mail.outbox))


WAYS = (cosigning, posted, mailed)


@pytest.mark.parametrize("way", WAYS)
def test_rows_of_failures_put_off_no_delivery(auditor: User, settings, tmp_path: Path, attack, way) -> None:
    grown(auditor)
    with way(settings, tmp_path) as witness:
        for _ in range(3):
            attack(FAILED, name=witness.name)
            assert due_witnesses() == [witness.name]
        delivery = deliver(name=witness.name)
        assert delivery is not None
        assert delivery.succeeded
        assert (witness.asked(), due_witnesses()) == (1, [])


def test_failure_of_ones_own_is_what_pauses(auditor: User, settings, attack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows don't lengthen the pause."""
    grown(auditor)
    settings.AUDIT_WITNESSES = [f"{HOOK} http://127.0.0.1:{closed_port()}"]
    delivery = deliver(name=HOOK)
    assert delivery is not None
    assert not delivery.succeeded
    attack(FAILED, name=HOOK)
    assert due_witnesses() == []
    assert deliver(name=HOOK) is None
    monkeypatch.setattr(pauses, "FIRST_PAUSE", timedelta(0))
    assert due_witnesses() == [HOOK]


@pytest.mark.parametrize("way", [posted, mailed])
@pytest.mark.parametrize("answer", ["", "x", "a:b", "A" * 43])
def test_rows_of_letters_and_posts_put_off_none(
    auditor: User, settings, tmp_path: Path, attack, client, way, answer: str
) -> None:
    newest = grown(auditor)
    client.force_login(auditor)
    with way(settings, tmp_path) as witness:
        attack(TAKEN, name=witness.name, answer=answer)
        assert due_witnesses() == [witness.name]
        page = client.get(reverse("audit:checkpoints")).content.decode()
        assert "Nothing shows that it has taken any" in page
        assert "1 row says that it took one, and nothing bears it out" in page
        assert deliver(name=witness.name) is not None
        assert witness.asked() == 1
        (standing,) = standings()
        assert (standing.accepted.checkpoint, standing.behind, standing.unproven) == (newest, 0, 0)


@pytest.mark.parametrize("way", [posted, mailed])
@pytest.mark.parametrize(
    ("statement", "later"), [(COPIED, timedelta(minutes=50)), (COPIED, timedelta(0)), (MOVED, timedelta(0))]
)
def test_row_that_was_sealed_says_nothing_new_when_it_is_copied(
    auditor: User, settings, tmp_path: Path, attack, way, statement: str, later: timedelta
) -> None:
    older = grown(auditor)
    with way(settings, tmp_path) as there:
        first = deliver(name=there.name)
        assert first is not None
        newest = grown(auditor)
        attack(statement, name=there.name, later=later)
        witness = witnesses()[there.name]
        attempts = Attempts.at(witness)
        assert attempts.accepted is not None
        assert (attempts.accepted.checkpoint, attempts.accepted_at) == (older, first.tried_at)
        assert attempts.waits_for(witness, newest, first.tried_at + timedelta(minutes=61))


@pytest.mark.parametrize("way", [posted, mailed])
def test_older_row_that_is_copied_has_nothing_sent_again(auditor: User, settings, tmp_path: Path, attack, way) -> None:
    grown(auditor)
    with way(settings, tmp_path) as witness:
        deliver(name=witness.name)
        settings.AUDIT_MAIL_EVERY = 0
        older = Delivery.objects.get()
        newest = grown(auditor)
        deliver(name=witness.name)
        attack(COPIED.replace("WHERE", f"WHERE id = {older.pk} AND"), name=witness.name, later=timedelta(0))
        assert standings()[0].accepted.checkpoint == newest
        assert due_witnesses() == []


@pytest.mark.parametrize("way", [posted, mailed])
def test_clock_that_is_set_back_has_nothing_sent_again(auditor: User, settings, tmp_path: Path, way) -> None:
    older, ahead = grown(auditor), timezone.now() + timedelta(hours=1)
    with way(settings, tmp_path) as there:
        witness = witnesses()[there.name]
        sealed = seal(witness, older, ahead)
        Delivery.objects.create(checkpoint=older, witness=there.name, tried_at=ahead, succeeded=True, answer=sealed)
        settings.AUDIT_MAIL_EVERY = 0
        newest = grown(auditor)
        deliver(name=there.name)
        attempts = Attempts.at(witness)
        assert attempts.accepted is not None
        assert attempts.accepted.checkpoint == newest
        assert not attempts.waits_for(witness, newest, timezone.now() + timedelta(days=2))


def test_rows_that_hide_a_letter_bring_no_second(auditor: User, settings, tmp_path: Path, attack) -> None:
    """The worker that sent it knows; another would send one of its own, and then know too."""
    grown(auditor)
    with mailed(settings, tmp_path) as witness:
        deliver(name=witness.name)
        for _ in range(120):
            attack(TAKEN, name=witness.name, answer="")
        assert due_witnesses() == []
        assert deliver(name=witness.name) is None
        assert witness.asked() == 1
        pauses.forget()
        assert due_witnesses() == [witness.name]


def test_seal_of_another_key_does_not_hold(auditor: User, settings, tmp_path: Path) -> None:
    grown(auditor)
    with posted(settings, tmp_path) as witness:
        deliver(name=witness.name)
        before, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        assert standings()[0].accepted is None
        settings.SECRET_KEY_FALLBACKS = [before]
        assert standings()[0].accepted is not None


def test_worker_without_a_key_of_ours_is_told(settings, tmp_path: Path) -> None:
    settings.SECRET_KEY_IS_MADE_UP, settings.AUDIT_WITNESSES = True, []

    def said() -> list[str]:
        return [str(message.msg) for message in run_checks(tags=["audit"])]

    assert said() == []
    with mailed(settings, tmp_path):
        assert said() == [
            "Letters and posts to witnesses are sealed with SECRET_KEY: set it, the same for web server and workers."
        ]


def test_what_is_forged_is_not_refused_before(db: None, auditor: User) -> None:
    """Else the attacks above would show nothing."""
    checkpoint: Checkpoint = grown(auditor)
    with app_connection() as app:
        app.execute(TAKEN, {"name": HOOK, "answer": ""})
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("UPDATE audit_delivery SET succeeded = false")
    assert Delivery.objects.get().checkpoint == checkpoint
    assert Delivery.objects.get().tried_at <= timezone.now()
