"""A witness cosigns: C2SP tlog-witness from the side of the log.

It is sent the checkpoint with a proof that the log it cosigned before is the beginning of this one. It answers with a
cosignature, or with the size that it holds, from which the proof is then made.
"""

import base64
import re

from audit.models import Checkpoint, Delivery
from audit.notes import BadNote, Note, VerifierKey
from audit.proofs import NoProof, prove_consistency
from audit.witnesses.configured import Witness
from audit.witnesses.post import Answer, Undelivered, post

SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\n?")
# What the protocol's statuses mean between a log and a witness.
REFUSALS = {
    403: "{name} doesn't know the key that signed this checkpoint: give it the keys at /audit/keys.",
    404: "{name} doesn't witness this log: its operator has to add the log's vkey.",
    409: "{name} holds another log of {held} entries: this one was changed, or an older one restored.",
    422: "{name} isn't shown that this log begins with the {held} entries that it holds: some were changed.",
}


def cosigned(witness: Witness, checkpoint: Checkpoint, held: int) -> str:
    """Return the verified lines by which the witness cosigned; `held` is the size that it is thought to hold."""
    answer = _asked(witness, checkpoint, held)
    said = SIZE.fullmatch(answer.text) if answer.status == 409 else None
    if said and int(said[1]) != held:
        held = int(said[1])
        if held > checkpoint.size:
            raise Undelivered(
                f"{witness.name} has cosigned {held} entries of this log, which now has {checkpoint.size}:"
                " it was cut back, or an older one restored."
            )
        answer = _asked(witness, checkpoint, held)
    if answer.status != 200:
        raise Undelivered(_refusal(witness, answer, held))
    assert witness.key is not None
    return _verified(answer.text, checkpoint.note, witness.key)


def cosignature_kept(witness: Witness, delivery: Delivery) -> str:
    """Return the lines of a kept delivery by which this witness cosigned, verified anew; "" where there is none.

    Web and workers add these rows, so a row alone proves nothing.
    """
    if witness.key is None or not delivery.succeeded:
        return ""
    try:
        return _verified(delivery.answer, delivery.checkpoint.note, witness.key)
    except Undelivered:
        return ""


def _asked(witness: Witness, checkpoint: Checkpoint, held: int) -> Answer:
    try:
        proof = prove_consistency(held, checkpoint.size) if held else []
    except NoProof as problem:
        raise Undelivered(str(problem)) from problem
    lines = [f"old {held}", *(base64.b64encode(step).decode() for step in proof), "", checkpoint.note]
    return post(f"{witness.address}/add-checkpoint", "\n".join(lines).encode(), "text/plain; charset=utf-8")


def _refusal(witness: Witness, answer: Answer, held: int) -> str:
    said = REFUSALS.get(answer.status, "{name} answered with status {status} instead of a cosignature.")
    return said.format(name=witness.name, held=held, status=answer.status)


def _verified(lines: str, note: str, key: VerifierKey) -> str:
    """Return those lines that are the key's; others aren't kept. Undelivered unless there is one and all hold."""
    try:
        log, both = Note.parsed(note), Note.parsed(note + lines)
        ours = [one for one in both.signatures[len(log.signatures) :] if (one.name, one.key_id) == (key.name, key.id)]
        for signature in ours:
            key.verify(log.text, signature.value)
    except BadNote as problem:
        raise Undelivered(f"{key.name} answered with something else than cosignatures: {problem}.") from problem
    if both.text != log.text or not ours:
        raise Undelivered(f"{key.name} answered without a cosignature by its key {key.id.hex()}.")
    return "".join(signature.line() for signature in ours)
