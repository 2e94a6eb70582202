"""What Countersign writes comes by the log, or stands here by name with the reason why it doesn't.

"Here" is a function that writes and reaches no entry itself; a private one is its callers' business.
"""

from pathlib import Path

import pytest

from tests.off_the_record import Graph

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("accounts", "audit", "config", "demo", "identification", "review")
OF_THE_LOG = "it is the log itself, its order or its signatures"
EXPORT = "an export's row says where it stands; asking, what was made and each download are recorded"
JOB = "a job row is what workers owe; what they do in it is recorded"
PLACE = "how long a place is kept for somebody at work; taking it, and each way of losing it, is recorded"
PART = "it is a part of what its caller records, in the same transaction"
CAST = "a file: what makes the faces of people who are nobody"
DRAFT = "a draft is nobody's word yet: what is signed is recorded, and so is a draft that is taken up again"
EXCEPTIONS = {
    "accounts.models.UserManager.create_user": "the administration and audit.people, which make accounts, record it",
    "audit.checkpoints.request_checkpoint": OF_THE_LOG,
    "audit.checkpoints.sign_checkpoint": OF_THE_LOG,
    "audit.exporting.bundle.write_bundle": "the job that has it written records the export",
    "audit.exporting.jobs.claim": EXPORT,
    "audit.exporting.jobs.drop_what_may_hold": PART,
    "audit.exporting.jobs.finish": EXPORT,
    "audit.exporting.jobs.give_back": EXPORT,
    "audit.exporting.jobs.give_up": EXPORT,
    "audit.exporting.jobs.keep": EXPORT,
    "audit.exporting.jobs.put_off": EXPORT,
    "audit.exporting.jobs.sweep": "an export that failed, or went after its time, showed nobody anything",
    "audit.exporting.table.write_table": "the job that has it written records the export",
    "audit.exporting.waiting.checkpoint_over_everything": OF_THE_LOG,
    "audit.leases.change": JOB,
    "audit.leases.keep": JOB,
    "audit.leases.take": JOB,
    "audit.sequencer.advance": OF_THE_LOG,
    "audit.sequencer.advance_to_the_end": OF_THE_LOG,
    "audit.sequencer.halt": OF_THE_LOG,
    "audit.sequencer.hinder": OF_THE_LOG,
    "audit.sequencer.locked_state": OF_THE_LOG,
    "audit.sequencer.look_at_everything": OF_THE_LOG,
    "audit.sequencer.seen": OF_THE_LOG,
    "audit.sequencer.signs_again": OF_THE_LOG,
    "audit.services.record": OF_THE_LOG,
    "audit.tasks.deliver_checkpoint": OF_THE_LOG,
    "audit.tasks.sweep_exports": "an export that failed, or went after its time, showed nobody anything",
    "audit.verification.claim": JOB,
    "audit.witnesses.delivering.deliver": OF_THE_LOG,
    "demo.cast.fit.fit": CAST,
    "demo.cast.fit.main": CAST,
    "identification.apps.make_policies": "migrating makes the policies that every installation begins with",
    "identification.management.commands.evaluate.Command.handle": "measuring names models, about nobody's face",
    "identification.management.measuring.models_named": "measuring names models, about nobody's face",
    "identification.services.embedding.embed_face": "preparing an encoder, which asks for it, is recorded",
    "identification.services.encoders.find_encoder": "the row says what the release holds; activating it is recorded",
    "identification.services.jobs.call_for_waiting_jobs": JOB,
    "identification.services.jobs.claim_job": JOB,
    "identification.services.jobs.close_job": JOB,
    "identification.services.jobs.finish_job": JOB,
    "identification.services.jobs.give_back_job": JOB,
    "identification.services.jobs.open_job": JOB,
    "identification.services.jobs.postpone_job": JOB,
    "identification.services.jobs.take_exhausted_jobs": JOB,
    "identification.services.probes.owe_search": JOB,
    "identification.services.reading.save_embeddings": PART,
    "identification.services.reading.save_faces": PART,
    "identification.services.reference.let_go_of_reference": PART,
    "review.services.drafts.save_draft": DRAFT,
    "review.services.leases.keep_place": PART,
    "review.services.leases.leave": PLACE,
    "review.services.leases.stay": PLACE,
    "review.views.drafts.draft": DRAFT,
    "review.views.presence.leave": PLACE,
}


def public(names: set[str]) -> set[str]:
    return {name for name in names if not name.rpartition(".")[2].startswith("_")}


def test_every_public_function_that_writes_comes_by_the_log() -> None:
    graph = Graph(ROOT, PACKAGES)
    assert len(graph.functions) > 1000
    assert public(graph.off_the_record()) == set(EXCEPTIONS)


SERVICE = """
from app.keeping import keep
from audit.services import record
from app import keeping
from app.signals import told, untold

INSERT = "INSERT INTO app_thing (id) VALUES (%s)"

def add_thing(*, actor): {body}

def _theirs(actor): return Thing.objects.filter(actor=actor)

def _told(thing): record(kind="app:thing:added/1", actor=None, subject=thing)

class Things:
    def add(self): self.write()
    def write(self): {body}
"""
HEARING = """
from app.signals import told, untold

@receiver(told)
def record_it(*, thing, **_): record(kind="app:thing:added/1", actor=None, subject=thing)

@receiver(untold)
def leave_it(*, thing, **_): return thing
"""
KEEPING = """
def keep(thing): return Thing.objects.create(thing=thing)

def rows_of(actor): return Thing.objects.filter(actor=actor)
"""


def found(root: Path, body: str) -> set[str]:
    (root / "app").mkdir(exist_ok=True)
    (root / "app" / "keeping.py").write_text(KEEPING)
    (root / "app" / "hearing.py").write_text(HEARING)
    (root / "app" / "services.py").write_text(SERVICE.format(body=body))
    return {name for name in Graph(root, ("app",)).off_the_record() if name.startswith("app.services")}


@pytest.mark.parametrize(
    "body",
    [
        "Thing.objects.create(actor=actor)",
        "Thing.objects.filter(pk=1).update(actor=actor)",
        "rows = Thing.objects.filter(pk=1); rows.update(actor=actor)",
        "rows = Thing.objects.all(); rows = rows.filter(pk=1); rows.update(**{'actor': actor})",
        "rows = Thing.objects.all(); more = rows; more.delete()",
        "_theirs(actor).update(actor=None)",
        "keeping.rows_of(actor).update(actor=None)",
        "[rows.update(actor=None) for rows in (_theirs(actor),)]",
        "actor.things.create(name='')",
        "things = actor.things; things.bulk_create([Thing()])",
        "things = actor.things; things.bulk_update([Thing()], ['name'])",
        "things = actor.things; things.get_or_create(name='')",
        "things = actor.things; things.update_or_create(name='')",
        "thing.save()",
        "thing.save(update_fields=['actor'])",
        "Thing(actor=actor).save(force_insert=True)",
        "thing.file.save('name', actor)",
        "thing.delete()",
        "transaction.on_commit(lambda: thing.delete())",
        "keep(actor)",
        "keeping.keep(actor)",
        "cursor.execute(INSERT, [1])",
        "cursor.execute('UPDATE app_thing SET id = 1')",
        "untold.send(sender=None, thing=keep(actor))",
    ],
)
def test_service_that_writes_without_an_entry_is_found(tmp_path: Path, body: str) -> None:
    off = found(tmp_path, body)
    assert off == {"app.services.add_thing", "app.services.Things.add", "app.services.Things.write"}


@pytest.mark.parametrize(
    "body",
    [
        "record(subject=Thing.objects.create(actor=actor))",
        "_told(Thing.objects.create(actor=actor))",
        "(keep(actor), _told(actor))",
        "told.send(sender=None, thing=keep(actor))",
        "Thing.objects.filter(pk=1).count()",
        "rows = Thing.objects.filter(pk=1); rows.count()",
        "rows = _theirs(actor); rows.update(actor=None); _told(rows)",
        "digest.update(actor)",
        "said = {}; said.update({'actor': actor})",
        "image.save(out, 'JPEG', quality=88)",
        "cursor.execute('SELECT 1')",
    ],
)
def test_service_that_records_or_only_reads_is_not(tmp_path: Path, body: str) -> None:
    assert found(tmp_path, body) == set()
