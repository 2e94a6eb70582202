"""The four ways in which a checkpoint leaves the house."""

from dataclasses import dataclass
from smtplib import SMTPException

from django.core.mail import EmailMessage

from audit.models import Checkpoint
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.witnesses.configured import Way, Witness
from audit.witnesses.cosigning import cosigned
from audit.witnesses.post import Undelivered, post
from audit.witnesses.stamping import Token, stamped

LETTER = """\
This is a checkpoint of the audit log {origin}: {size} entries, under one signed hash, as of {when} UTC.

Keep it where the operator of the log can't reach it, the attached file as it is. If this log is ever cut back or
rewritten before entry {size}, it can't agree with what you hold: `python verify.py BUNDLE --checkpoint {file}` on an
export of the log says so. Nothing else is asked of you, and the checkpoint says nothing about anybody.

{note}"""


@dataclass(frozen=True)
class Receipt:
    """What came back for a checkpoint that was taken: cosignature lines, or a time stamp."""

    answer: str = ""
    token: Token | None = None


def hand_over(witness: Witness, checkpoint: Checkpoint, held: int) -> Receipt:
    """Hand a checkpoint to a witness that is thought to hold so many entries; Undelivered where it isn't taken."""
    match witness.way:
        case Way.COSIGNED:
            return Receipt(cosigned(witness, checkpoint, held))
        case Way.STAMPED:
            return Receipt(token=stamped(witness, checkpoint))
        case Way.MAILED:
            _mail(witness, checkpoint)
        case Way.POSTED:
            _post(witness, checkpoint)
    return Receipt()


def _post(witness: Witness, checkpoint: Checkpoint) -> None:
    answer = post(witness.address, checkpoint.note.encode(), "text/plain; charset=utf-8")
    if not 200 <= answer.status < 300:
        raise Undelivered(f"{witness.name} answered with status {answer.status}: it should answer 200.")


def _mail(witness: Witness, checkpoint: Checkpoint) -> None:
    origin, file = _origin(checkpoint), f"checkpoint-{checkpoint.size}.txt"
    body = LETTER.format(
        origin=origin, size=checkpoint.size, when=f"{checkpoint.signed_at:%Y-%m-%d %H:%M}", file=file,
        note=checkpoint.note,
    )  # fmt: skip
    letter = EmailMessage(f"Checkpoint of {origin}: {checkpoint.size} entries", body, to=[witness.address])
    # As bytes, so that no mail program breaks its lines anew: it is signed.
    letter.attach(file, checkpoint.note.encode(), "application/octet-stream")
    try:
        letter.send()
    except (SMTPException, OSError) as problem:
        said = str(problem) or type(problem).__name__
        raise Undelivered(f"The mail server didn't take the letter to {witness.address}: {said}.") from problem


def _origin(checkpoint: Checkpoint) -> str:
    return Head.parsed(Note.parsed(checkpoint.note).text).origin
