"""PostgreSQL takes an entry in the one form that verifiers take: what it lets in, a bundle can show."""

import json
import uuid
from typing import Any

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from audit.services import commitment
from audit.tree import leaf_hash
from tests.audit_rows import ENTRY_SQL, PAYLOAD_SQL, SALT, entry_row
from tests.review_scene import execute

# PostgreSQL's text holds no NUL, and no JSON of UTF-8 a lone surrogate.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
KEYS = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda items: st.lists(items, max_size=4) | st.dictionaries(KEYS, items, max_size=4),
    max_leaves=12,
)


class TestForm(TestCase):
    """Our own SQL against the library that writes entries."""

    @pytest.mark.slow
    @settings(max_examples=300, deadline=None)
    @given(st.dictionaries(KEYS, VALUES, max_size=5))
    def test_database_writes_json_as_the_library_does(self, value: dict[str, Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit_canonical(%s::jsonb, 63)", [json.dumps(value)])
            assert cursor.fetchone()[0].encode() == rfc8785.dumps(value)

    @settings(max_examples=100, deadline=None)
    @given(TEXTS, TEXTS)
    def test_entry_with_any_text_in_its_columns_is_let_in(self, subject: str, purpose: str) -> None:
        write_leaf(subject_id=subject, purpose=purpose)


def write_leaf(content: str = "{}", **said: Any) -> None:
    """Write an entry whose columns say what its leaf says, and its payload."""
    plain = entry_row(content=content)
    leaf = json.loads(plain["canonical"]) | said
    canonical = said.pop("canonical", rfc8785.dumps(leaf).decode())
    row = plain | {
        "canonical": canonical, "leaf_hash": leaf_hash(canonical.encode()),
        **{name: leaf[name] for name in ("uid", "kind", "recorded_at", "subject_type", "subject_id", "purpose")},
        "case_id": leaf["case"],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL.replace("%(case_id)s, ''", "%(case_id)s, %(purpose)s"), row)
        cursor.execute(PAYLOAD_SQL, [cursor.fetchone()[0], content, SALT])


@pytest.mark.parametrize(
    "content",
    [
        "[]", "null", "7", '"text"', "", "{", '{"a":1} ', '{ "a":1}', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":1.0}',
        '{"a":1e3}', '{"a":-0}', '{"a":9007199254740992}', '{"a":[1.5]}', '{"a":[[0.5]]}', '{"é":1}', '{"a":{"é":1}}',
        '{"a":"\\u0041"}', '{"a":"\\u001F"}', '{"a":"\\/"}', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"a":NaN}',
        '{"a":' + "[" * 63 + "1" + "]" * 63 + "}", '{"a":"' + "x" * 65536 + '"}',
    ],
)  # fmt: skip
def test_payload_in_another_form_is_refused(db: None, content: str) -> None:
    with pytest.raises(DatabaseError):
        write_leaf(content)


def test_payload_of_many_levels_is_let_in(db: None) -> None:
    write_leaf('{"a":' + "[" * 60 + "1" + "]" * 60 + "}")


@pytest.mark.parametrize(
    "change",
    [
        lambda leaf: leaf | {"version": 1},
        lambda leaf: leaf | {"version": 3},
        lambda leaf: leaf | {"note": "more"},
        lambda leaf: {key: leaf[key] for key in leaf if key != "request_id"},
        lambda leaf: leaf | {"actor_roles": [7]},
        lambda leaf: leaf | {"actor_roles": ['a"b']},
        lambda leaf: leaf | {"actor_roles": "reviewer"},
        lambda leaf: leaf | {"actor_roles": [["reviewer"]]},
        lambda leaf: leaf | {"actor_roles": ["reviewer"] * 1000},
        lambda leaf: leaf | {"commitment": leaf["commitment"].upper()},
        lambda leaf: leaf | {"commitment": leaf["commitment"] + "0"},
        lambda leaf: leaf | {"commitment": None},
        lambda leaf: (
            {key: leaf[key] for key in leaf if key not in ("case", "commitment")} | {"payload": {}, "version": 1}
        ),
    ],
)
def test_leaf_of_another_form_is_refused(db: None, change: Any) -> None:
    plain = entry_row()
    canonical = rfc8785.dumps(change(json.loads(plain["canonical"])))
    with pytest.raises(DatabaseError, match="audit_entry_leaf_is_its_row"), connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL, plain | {"canonical": canonical.decode(), "leaf_hash": leaf_hash(canonical)})


@pytest.mark.parametrize("spelling", [lambda text: text.replace(":", ": "), lambda text: text + " ", str.upper])
def test_leaf_spelled_otherwise_is_refused(db: None, spelling: Any) -> None:
    plain = entry_row()
    canonical = spelling(plain["canonical"])
    with pytest.raises(DatabaseError, match="audit_entry_leaf_is_its_row"), connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL, plain | {"canonical": canonical, "leaf_hash": leaf_hash(canonical.encode())})


@pytest.mark.parametrize("moment", ["10000-01-01T00:00:00.000000Z", "0999-12-31T23:59:59.999999Z"])
def test_time_of_other_than_four_digits_is_refused(db: None, moment: str) -> None:
    write_leaf(recorded_at="9999-12-31T23:59:59.999999Z")
    write_leaf(recorded_at="1000-01-01T00:00:00.000000Z", uid=str(uuid.uuid4()))
    with pytest.raises(DatabaseError, match="audit_entry_leaf_is_its_row"):
        write_leaf(recorded_at=moment, uid=str(uuid.uuid4()))


@pytest.mark.parametrize("salt", [b"", SALT[:15], SALT + b"0", None])
def test_salt_of_another_length_is_refused(db: None, salt: bytes | None) -> None:
    row = entry_row()
    canonical = row["canonical"].replace(commitment(SALT, b"{}"), commitment(salt or b"", b"{}"))
    with connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL, row | {"canonical": canonical, "leaf_hash": leaf_hash(canonical.encode())})
        (pk,) = cursor.fetchone()
        with pytest.raises(DatabaseError, match=r"audit_payload_is_(committed|whole)"):
            cursor.execute(PAYLOAD_SQL, [pk, "{}", salt])


@pytest.mark.parametrize("table", ["accounts_user", "accounts_agency"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET id = id + 1000"])
def test_accounts_and_agencies_that_the_log_names_stay(auditor: User, table: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match=f"{table}_(is_never_removed|never_restates)"):
        execute(statement.format(table))
