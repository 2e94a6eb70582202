"""Every kind of entry that the log may hold, with what its payload says and a sentence for people.

A name is `app:thing:happening/version`. A payload holds ids, hashes, counts, codes and settings; never
names, images, embeddings or free text, so that erasing a person's data leaves the log whole. A kind
whose payload changes its meaning gets a new version; the old one stays, for the entries that use it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_INTEGER = 2**53 - 1
LONGEST_TEXT = 500
# Control characters and the semicolon could start a new cell where a spreadsheet opens a CSV export.
FORBIDDEN_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f;\ud800-\udfff\u2028\u2029]")
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")


class UnknownKind(LookupError):
    """A kind that this registry doesn't hold."""


@dataclass(frozen=True)
class Kind:
    """One kind: the keys that its payload must and may have, and its sentence.

    The sentence may name {actor}, {subject}, {purpose} and any key of the payload; a number with what it counts:
    {count:entry|entries}.
    """

    name: str
    payload_keys: frozenset[str]
    sentence: str
    optional_keys: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The name as people read it in a list: "assessment signed"."""
        return self.name.partition("/")[0].partition(":")[2].replace(":", " ")

    def checked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the payload as plain JSON values; raise where it isn't what this kind says."""
        missing = self.payload_keys - payload.keys()
        unknown = payload.keys() - self.payload_keys - self.optional_keys
        if missing or unknown:
            raise ValueError(f"{self.name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        return {key: plain(value) for key, value in payload.items()}


def plain(value: Any, depth: int = 2) -> Any:
    """Return text, whole numbers, truth values, None, and lists and flat dictionaries of these.

    A float has no single way of being written, so it is refused: scores are decimal strings.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _whole_number(value)
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, list | tuple) and depth:
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, Mapping) and depth:
        return {_key(key): plain(item, depth - 1) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in an audit payload")


def _whole_number(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise ValueError("A number beyond 2**53 - 1 has no exact place in JSON; record it as text")
    return int(value)


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT or FORBIDDEN_IN_TEXT.search(value):
        raise ValueError(f"Text in an audit payload is an id, a hash or a code, not {value[:40]!r}")
    return value


def _key(value: Any) -> str:
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise TypeError(f"{value!r} is not a plain key of an audit payload")
    return value


def kind_named(name: str) -> Kind:
    """Return a kind by its name; an unknown one is a programmer's mistake."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(f"{name!r} stands in no registry: add it to audit/kinds.py") from None


def _kind(name: str, sentence: str, keys: str = "", optional: str = "") -> Kind:
    return Kind(name, frozenset(keys.split()), sentence, frozenset(optional.split()))


_ACCOUNTS = (
    _kind("accounts:session:opened/1", "{actor} signed in."),
    _kind("accounts:session:refused/1", "A sign-in was refused ({reason}). Account: {subject}.", "reason"),
    _kind("accounts:session:closed/1", "{actor} signed out."),
    _kind("accounts:user:changed/1", "{actor} changed the account of {subject} ({fields}).", "fields"),
    _kind("accounts:role:granted/1", "{actor} gave {subject} the role {role}.", "role"),
    _kind("accounts:role:revoked/1", "{actor} took the role {role} from {subject}.", "role"),
    _kind("accounts:agency:changed/1", "{actor} changed the agency {subject} ({fields}).", "fields"),
)
_IDENTIFICATION = (
    _kind("identification:case:opened/1", "{actor} opened {subject} (purpose: {purpose}).", "", "purpose"),
    _kind("identification:case:viewed/1", "{actor} looked at {subject}."),
    _kind("identification:cases:viewed/1", "{actor} looked at a list of cases ({listed}, page {page}).", "listed page"),
    _kind(
        "identification:photograph:received/1",
        "{actor} added {subject}.",
        "sha256 bytes",
        "home case gallery media_type width height",
    ),
    _kind(
        "identification:photograph:refused/1",
        "A file that {actor} sent for {subject} was refused ({code}).",
        "code bytes",
        "home sha256 case gallery",
    ),
    _kind(
        "identification:photograph:analysed/1",
        "Faces found in {subject}: {faces}.",
        "detector encoder faces sha256",
        "case gallery orientation face_ids attempts drawn",
    ),
    _kind(
        "identification:photograph:quarantined/1",
        "{subject} was set aside after {attempts:attempt|attempts}.",
        "attempts",
        "code sha256 case gallery",
    ),
    _kind("identification:photograph:tried-again/1", "{actor} had {subject} analysed once more."),
    _kind(
        "identification:photograph:viewed/1",
        "{actor} looked at {subject} ({variant}).",
        "variant",
        "case gallery face sha256 review",
    ),
    _kind("identification:gallery:opened/1", "{actor} opened {subject}.", "gallery_kind", "purposes basis_sha256"),
    _kind(
        "identification:gallery:changed/1", "{actor} changed {subject} ({fields}).", "fields", "purposes basis_sha256"
    ),
    _kind("identification:gallery:viewed/1", "{actor} looked at the people of {subject}, page {page}.", "people page"),
    _kind("identification:person:enrolled/1", "{actor} enrolled {subject}.", "gallery"),
    _kind(
        "identification:reference:enrolled/1",
        "{subject} was enrolled for {actor}.",
        "person sha256",
        "gallery photograph face encoder",
    ),
    _kind(
        "identification:reference:refused/1",
        "A reference photograph for {subject} was refused ({code}).",
        "code",
        "person gallery photograph sha256 bytes",
    ),
    _kind(
        "identification:reference:settled/1",
        "{subject} shows one face after its correction by {actor}, and is searched from now on.",
        "face",
        "person gallery sha256",
    ),
    _kind(
        "identification:reference:withdrawn/1",
        "{actor} withdrew {subject} from searches.",
        "person sha256",
        "gallery face reason_sha256 reviews",
    ),
    _kind("identification:reference:viewed/1", "{actor} looked at {subject}, to withdraw it.", "person gallery"),
    _kind(
        "identification:faces:viewed/1",
        "{actor} looked at the faces of {subject} ({page}).",
        "page sha256",
        "face correction",
    ),
    _kind("identification:face:added/1", "{actor} drew a box in {subject}.", "correction box", "landmarks"),
    _kind(
        "identification:face:moved/1",
        "{actor} moved the box of a face in {subject}.",
        "correction finding box",
        "landmarks",
    ),
    _kind("identification:face:removed/1", "{actor} took a face out of {subject}.", "correction finding"),
    _kind(
        "identification:face:placed/1",
        "{actor} placed eyes, nose and mouth in {subject}.",
        "correction landmarks",
    ),
    _kind("identification:face:dismissed/1", "{actor} left out a box drawn in {subject}.", "correction"),
    _kind(
        "identification:face:read/1",
        "A box that {actor} drew in {subject} was read ({outcome}).",
        "correction outcome",
        "face",
    ),
    _kind(
        "identification:probe:chosen/1", "{actor} chose {subject} to be identified.", "face photograph", "case purpose"
    ),
    _kind("identification:probe:searched-again/1", "{actor} asked for one more search of {subject}.", "case"),
    _kind(
        "identification:search:run/1",
        "{subject} looked through the references of {persons:person|people}; candidates proposed: {candidates}.",
        "probe encoder galleries gallery_size persons method settings list_length cut_off candidates",
        "case purpose gallery_kind embedding candidate_ids requested_by sha256 face weights_sha256 embedding_sha256"
        " gallery_sizes candidate_references scores",
    ),
    _kind(
        "identification:encoder:installed/1",
        "{actor} installed {subject} ({name} {version}).",
        "name version weights_sha256",
        "dimension licence",
    ),
    _kind(
        "identification:encoder:activated/1",
        "{actor} made {subject} the active encoder ({name} {version}).",
        "name version weights_sha256",
        "dimension licence replaces left_out",
    ),
    _kind(
        "identification:encoder:preparation-started/1",
        "{actor} had faces embedded by {subject} ({name} {version}), so that it can take over.",
        "name version weights_sha256 faces",
    ),
    _kind(
        "identification:encoder:preparation-cancelled/1",
        "{actor} stopped the preparation of {subject} ({name} {version}) at {embedded} of {faces:face|faces}.",
        "name version weights_sha256 faces embedded",
    ),
    _kind(
        "identification:encoder:removed/1",
        "{actor} removed {subject} ({name} {version}): {embeddings_deleted:embedding|embeddings} went,"
        " {embeddings_kept:stays|stay}.",
        "name version weights_sha256 embeddings_deleted embeddings_kept",
    ),
    _kind(
        "identification:encoder:calibrated/1",
        "{actor} calibrated {subject} on {comparisons:comparison|comparisons} of different people.",
        "calibration data_sha256 comparisons rows weights_sha256",
    ),
    _kind("identification:policy:changed/1", "{actor} changed {subject} ({fields}).", "fields", "purpose values"),
)
_REVIEW = (
    _kind(
        "review:review:opened/1",
        "{subject} was opened and waits for reviewers.",
        "search probe",
        "case refers_to requested_by",
    ),
    _kind("review:assignment:taken/1", "{actor} took {subject} ({part}).", "part seed", "review until lease_seconds"),
    _kind("review:assignment:declined/1", "{actor} declined {subject} ({code}).", "code", "part review"),
    _kind(
        "review:analysis:recorded/1",
        "{actor} recorded, before any candidate was shown, what {subject} allows ({suitability}).",
        "suitability",
        "part review limitations probe",
    ),
    _kind(
        "review:comparison:recorded/1",
        "{actor} went through the candidates of {subject} and retained {retained} of {listed}.",
        "review retained listed",
    ),
    _kind("review:signature:refused/1", "A signature of {actor} was refused: wrong password.", "review"),
    _kind(
        "review:candidates:viewed/1",
        "{actor} looked at the candidates of {subject}.",
        "search",
        "part review candidate",
    ),
    _kind("review:assessment:signed/1", "{actor} signed {subject}.", "document_sha256 part", "review suitability"),
    _kind(
        "review:review:discordant/1",
        "The assessments of {subject} differ; it waits for an adjudicator.",
        "case",
        "assessments",
    ),
    _kind(
        "review:review:withdrawn/1",
        "{subject} was withdrawn, because {actor} corrected its face.",
        "case probe correction",
    ),
    _kind("review:review:inconclusive/1", "{subject} ended without a conclusion.", "case", "assessments code"),
    _kind(
        "review:conclusion:reached/1",
        "{subject} was reached ({outcome}).",
        "case review outcome finding reviewers adjudicated",
        "dissent",
    ),
    _kind("review:assignment:left/1", "{actor} left {subject} for later; the draft is kept.", "", "review"),
    _kind("review:assignment:lapsed/1", "{subject} lapsed, because {actor} was away; the draft is kept.", "", "review"),
    _kind("review:draft:recovered/1", "{actor} took {subject} up again with a draft kept.", "sections", "review"),
    _kind(
        "review:image:revealed/1",
        "{actor} had {variant} of a deceased person shown ({number} that day).",
        "variant number",
        "review face",
    ),
    _kind(
        "review:exposure:capped/1", "{actor} reached the day's limit of {cap:picture|pictures} of the deceased.", "cap"
    ),
    _kind("review:assessments:read/1", "{actor} read the differing assessments of {subject}.", "documents", "review"),
    _kind("review:note:signed/1", "{actor} added {subject} to an assessment.", "document_sha256 assessment", "review"),
    _kind(
        "review:review:withdrawn/2",
        "{subject} was withdrawn ({cause}), which came to light by {actor}; signatures void by it: {signatures}.",
        "case probe cause signatures",
        "correction reference",
    ),
    _kind(
        "review:review:reopened/1",
        "{actor} had {subject} opened anew ({cause}).",
        "case cause",
        "reference reason_sha256",
    ),
    _kind(
        "review:identifier:recorded/1",
        "{actor} recorded {subject} ({identifier_kind}).",
        "identifier_kind file_sha256",
        "case review bytes",
    ),
    _kind("review:identifier:verified/1", "{actor} verified {subject}: {verdict}.", "verdict", "case review"),
    _kind("review:identifier:viewed/1", "{actor} opened the file of {subject}.", "file_sha256", "case review"),
    _kind(
        "review:identity:asserted/1",
        "{actor} asserted {subject}.",
        "document_sha256 identifiers",
        "case review person",
    ),
    _kind("review:report:made/1", "{actor} had the report of {subject} made ({format}).", "format", "pictures sha256"),
    _kind("review:history:viewed/1", "{actor} read the history of {subject}."),
    _kind("review:agreement:proposed/1", "{actor} proposed {subject}.", "holder helper purposes"),
    _kind("review:agreement:accepted/1", "{actor} accepted {subject}.", "holder helper"),
    _kind("review:agreement:ended/1", "{actor} ended {subject}.", "holder helper"),
    _kind("review:conclusion:viewed/1", "{actor} read the conclusion of {subject}."),
    _kind("review:work:viewed/1", "{actor} worked on {subject} ({page}).", "page review"),
    _kind("review:assessment:viewed/1", "{actor} looked at {subject} and at the scores of its list.", "review search"),
    _kind("review:review:viewed/1", "{actor} looked at how far {subject} has come."),
    _kind("review:corroboration:viewed/1", "{actor} looked at what corroborates {subject}.", "page", "identifier"),
)
_AUDIT = (
    _kind(
        "audit:payload:erased/1",
        "{actor} had what {count:entry says|entries say} erased ({basis}), which leaves the log whole.",
        "entries count basis",
    ),
    _kind(
        "audit:log:restored/1",
        "An older copy of this log, of {size:entry|entries}, was put in place; {signed_size} had been signed.",
        "size signed_size signed_root",
    ),
    _kind("audit:key:made/1", "A key was made that signs checkpoints of this log ({key_id}).", "key_id vkey"),
    _kind(
        "audit:key:rotated/1",
        "The key that signs checkpoints of this log was replaced ({replaces} by {key_id}, handed over: {handed_over}).",
        "key_id vkey replaces handed_over",
    ),
    _kind(
        "audit:service:started/1",
        "The {service} was started.",
        "service settings settings_sha256",
        "version database_role",
    ),
    _kind(
        "audit:export:made/2",
        "{actor} exported {entries:entry|entries} of this log ({format}).",
        "format entries filters",
        "size manifest_sha256 file_sha256 export",
    ),
    _kind("audit:export:asked/1", "{actor} asked for an export of this log ({format}).", "format filters", "hold"),
    _kind(
        "audit:export:downloaded/1",
        "{actor} downloaded an export of this log ({format}).",
        "format sha256 bytes",
    ),
    _kind(
        "audit:export:made/1",
        "{actor} exported {entries:entry|entries} of this log ({format}).",
        "format entries root",
        "header_sha256 filters",
    ),
    _kind("audit:log:viewed/1", "{actor} read this log.", "", "filters before"),
    _kind("audit:uses:viewed/1", "{actor} read the report of uses.", "format", "filters"),
    _kind("audit:timeline:viewed/1", "{actor} read in this log what happened in {subject}.", "", "what page"),
    _kind("audit:entry:viewed/1", "{actor} opened entry {uid} of this log with its proof.", "uid", "size"),
    _kind("audit:checkpoint:asked/1", "{actor} asked for a checkpoint of this log."),
    _kind("audit:verification:asked/1", "{actor} asked for this log, {size:entry|entries}, to be verified.", "size"),
    _kind(
        "audit:log:verified/1",
        "{actor} verified this log, {size:entry|entries}: {outcome}.",
        "size done outcome",
        "index",
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*_ACCOUNTS, *_IDENTIFICATION, *_REVIEW, *_AUDIT)}
