"""The kinds of entries about the log itself."""

from audit.kinds.kind import kind
from audit.kinds.values import COUNT, KEY_ID, NOTHING, SET, UUID, YES_OR_NO, either, list_of, object_with, one_of

SERVICE = one_of("web server", "worker", "exporter", "sequencer")
SETTINGS = object_with(either(SET, COUNT, YES_OR_NO, NOTHING, list_of(SET)))
VERIFIED = one_of("all_of_it_holds", "it_does_not_hold")

KINDS = (
    kind(
        "audit:payload:erased/1",
        "{actor} had what {count:entry says|entries say} erased ({basis}), which leaves the log whole.",
        "entries count basis",
        "answers_for at",
        entries=list_of(UUID),
    ).by_itself(
        "answers_for",
        "{actor} had what {count:entry says|entries say} erased ({basis}), for which {answers_for} answers; that leaves"
        " the log whole.",
    ),
    kind(
        "audit:log:restored/1",
        "What the signer remembers was begun anew at {size:entry|entries}. Before, it remembered"
        " {signed_size:signed entry|signed entries}: if these are more, an older copy of this log was put in place; if"
        " there are none, the memory was lost.",
        "size signed_size signed_root",
        "at",
    ).by_itself(
        "at",
        "{actor} had what the signer remembers begun anew at {size:entry|entries}. Before, it remembered"
        " {signed_size:signed entry|signed entries}: if these are more, an older copy of this log was put in place; if"
        " there are none, the memory was lost.",
    ),
    kind("audit:key:made/1", "A key was made that signs checkpoints of this log ({key_id}).", "key_id vkey"),
    kind(
        "audit:key:rotated/1",
        "The key that signs checkpoints of this log was replaced ({replaces} by {key_id}, handed over: {handed_over}).",
        "key_id vkey replaces handed_over",
        "at",
        replaces=KEY_ID,
    ).by_itself(
        "at",
        "{actor} replaced the key that signs checkpoints of this log ({replaces} by {key_id}, handed over:"
        " {handed_over}).",
    ),
    kind(
        "audit:service:started/1",
        "The {service} was started.",
        "service settings settings_sha256",
        "version database_role source_sha256",
        service=SERVICE,
        settings=SETTINGS,
    ),
    kind(
        "audit:export:made/2",
        "{actor} exported {entries:entry|entries} of this log ({format}).",
        "format entries filters",
        "size manifest_sha256 file_sha256 export requested_by at",
    ).by_itself(
        "requested_by", "An export of {entries:entry|entries} of this log was made for {requested_by} ({format})."
    ),
    kind("audit:export:asked/1", "{actor} asked for an export of this log ({format}).", "format filters", "hold at"),
    kind(
        "audit:export:downloaded/1",
        "{actor} downloaded an export of this log ({format}).",
        "format sha256 bytes",
    ),
    kind(
        "audit:export:made/1",
        "{actor} exported {entries:entry|entries} of this log ({format}).",
        "format entries root",
        "header_sha256 filters",
    ),
    kind("audit:log:viewed/1", "{actor} read this log.", "", "filters before"),
    kind(
        "audit:uses:viewed/1",
        "{actor} read the report of uses.",
        "format",
        "filters",
        format=one_of("page", "csv"),
    ),
    kind("audit:timeline:viewed/1", "{actor} read in this log what happened in {subject}.", "", "what page"),
    kind("audit:entry:viewed/1", "{actor} opened entry {uid} of this log with its proof.", "uid", "size"),
    kind("audit:checkpoint:asked/1", "{actor} asked for a checkpoint of this log."),
    kind(
        "audit:verification:asked/1", "{actor} asked for this log, {size:entry|entries}, to be verified.", "size", "at"
    ),
    kind(
        "audit:log:verified/1",
        "{actor} verified this log, {size:entry|entries}: {outcome}.",
        "size done outcome",
        "index",
        outcome=VERIFIED,
    ),
)
