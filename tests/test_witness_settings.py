"""Who is handed checkpoints is said in one setting, and what can't be meant is refused with a sentence."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from audit.notes import COSIGNATURE, VerifierKey
from audit.witnesses.configured import Way, veiled, witnesses

KEY = VerifierKey("witness.example/w1", bytes(range(32)), COSIGNATURE)


def test_the_three_ways_and_the_authority_are_told_apart(settings) -> None:
    settings.AUDIT_WITNESSES = [
        f"{KEY} https://witness.example/here/", " mailto:desk@press.example", "ombudsman  mailto:o@ombud.example",
        "https://hooks.example/secret?x=1", "peer http://peer.example:8080/in", "",
    ]  # fmt: skip
    settings.AUDIT_TSA_URL = "http://tsa.example/tsr"
    found = witnesses()
    assert [(name, one.way, one.address) for name, one in found.items()] == [
        ("witness.example/w1", Way.COSIGNED, "https://witness.example/here"),
        ("desk@press.example", Way.MAILED, "desk@press.example"),
        ("ombudsman", Way.MAILED, "o@ombud.example"),
        ("hooks.example", Way.POSTED, "https://hooks.example/secret?x=1"),
        ("peer", Way.POSTED, "http://peer.example:8080/in"),
        ("tsa.example (RFC 3161)", Way.STAMPED, "http://tsa.example/tsr"),
    ]
    assert found["witness.example/w1"].key == KEY
    assert found["hooks.example"].shown_address == "https://hooks.example"
    shown = [(found[name].shown_name, found[name].shown_address) for name in ("desk@press.example", "ombudsman")]
    assert shown == [("d…@press.example", "d…@press.example"), ("ombudsman", "o…@ombud.example")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("desk@press.example", "d…@press.example"),
        ("o'brien+log@press.example", "o…@press.example"),
        ("{desk}@press.example", "{d…@press.example"),
        ("o@ombud.example", "o…@ombud.example"),
        ("{'desk@press.example': (550, b'<desk@press.example> unknown')}",
         "{'d…@press.example': (550, b'<d…@press.example> unknown')}"),
        ("mailto:desk@press.example, olena@press.example", "mailto:d…@press.example, o…@press.example"),
        ("hooks.example can't be reached: refused.", "hooks.example can't be reached: refused."),
    ],
)  # fmt: skip
def test_mailboxes_are_shown_by_their_first_letter_and_their_domain(text: str, shown: str) -> None:
    assert veiled(text) == shown


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("witness.example", "should begin with https://"),
        ("ftp://witness.example", "should begin with https://"),
        ("file:///etc/passwd", "should begin with https://"),
        ("https://", "should begin with https://"),
        ("https://[::1", "Invalid IPv6 URL"),
        ("https://user:secret@hooks.example", "A name and a password can't stand in the address"),
        ("mailto:nobody", "Enter a valid email address"),
        ("mailto:a@example.org?subject=x", "Enter a valid email address"),
        ("a b https://hooks.example", "At most one word"),
        ("w+00000000+BAAA https://w.example", "is no vkey"),
        (f"{VerifierKey('w.example', bytes(32))} https://w.example", "isn't a witness's"),
        (f"{KEY} mailto:a@example.org", "A vkey stands before the address of a witness that cosigns"),
    ],
)
def test_entry_that_can_not_be_meant_is_a_sentence(settings, entry: str, said: str) -> None:
    settings.AUDIT_WITNESSES = ["https://good.example", entry]
    with pytest.raises(ImproperlyConfigured, match=f"AUDIT_WITNESSES, entry 2: .*{said}") as refused:
        witnesses()
    assert "secret" not in str(refused.value)
    assert [one.id for one in run_checks(tags=["audit"]) if "entry 2" in one.msg] == ["audit.E011"]


def test_two_of_one_name_are_refused(settings) -> None:
    settings.AUDIT_WITNESSES = ["https://hooks.example/a", "https://hooks.example/b"]
    with pytest.raises(ImproperlyConfigured, match=r"two are named hooks.example. Write another name before one."):
        witnesses()


def test_nobody_is_configured_at_first(settings) -> None:
    assert witnesses() == {}
