"""The kinds of entries about cases, photographs, galleries, searches and encoders."""

from audit.kinds.keys import IDENTIFIER_KIND
from audit.kinds.kind import kind
from audit.kinds.values import (
    COUNT,
    DETECTOR,
    NAME_AND_VERSION,
    YES_OR_NO,
    either,
    list_of,
    object_of,
    object_with,
    one_of,
)

REFUSED = one_of(
    "empty", "too-large", "not-an-image", "too-many-pixels", "animated", "cmyk", "sixteen-bit", "truncated", "damaged",
    "same-file-twice", "original-changed", "not-one-face",
)  # fmt: skip
SEARCHED_WITH = object_of(
    {
        "score": one_of("cosine similarity"),
        "precision": one_of("half", "single"),
        "one_candidate_per": one_of("person", "reference"),
    }
)
READ = one_of("read", "failed", "landmarks-needed")
POLICY = object_with(either(COUNT, YES_OR_NO, list_of(IDENTIFIER_KIND)))

KINDS = (
    kind("identification:case:opened/1", "{actor} opened {subject} (purpose: {purpose}).", "", "purpose"),
    kind("identification:case:viewed/1", "{actor} looked at {subject}."),
    kind("identification:cases:viewed/1", "{actor} looked at a list of cases ({listed}, page {page}).", "listed page"),
    kind(
        "identification:photograph:received/1",
        "{actor} added {subject}.",
        "sha256 bytes",
        "home case gallery media_type width height",
    ),
    kind(
        "identification:photograph:refused/1",
        "A file that {actor} sent for {subject} was refused ({code}).",
        "code bytes",
        "home sha256 case gallery requested_by",
        code=REFUSED,
    ).by_itself("requested_by", "A file that {requested_by} sent for {subject} was refused ({code})."),
    kind(
        "identification:photograph:analysed/1",
        "Faces found in {subject}: {faces}.",
        "detector encoder faces sha256",
        "case gallery orientation face_ids attempts drawn requested_by",
        detector=DETECTOR,
    ),
    kind(
        "identification:photograph:quarantined/1",
        "{subject} was set aside after {attempts:attempt|attempts}.",
        "attempts",
        "code sha256 case gallery requested_by",
    ),
    kind("identification:photograph:tried-again/1", "{actor} had {subject} analysed once more."),
    kind(
        "identification:photograph:viewed/1",
        "{actor} looked at {subject} ({variant}).",
        "variant",
        "case gallery face sha256 review",
    ),
    kind("identification:gallery:opened/1", "{actor} opened {subject}.", "gallery_kind", "purposes basis_sha256"),
    kind(
        "identification:gallery:changed/1", "{actor} changed {subject} ({fields}).", "fields", "purposes basis_sha256"
    ),
    kind("identification:gallery:viewed/1", "{actor} looked at the people of {subject}, page {page}.", "people page"),
    kind("identification:person:enrolled/1", "{actor} enrolled {subject}.", "gallery"),
    kind(
        "identification:reference:enrolled/1",
        "{subject} was enrolled for {actor}.",
        "person sha256",
        "gallery photograph face encoder",
    ),
    kind(
        "identification:reference:refused/1",
        "A reference photograph for {subject} was refused ({code}).",
        "code",
        "person gallery photograph sha256 bytes asked_by",
        code=REFUSED,
    ),
    kind(
        "identification:reference:settled/1",
        "{subject} shows one face after its correction by {actor}, and is searched from now on.",
        "face",
        "person gallery sha256 asked_by",
    ).by_itself(
        "asked_by", "{subject} shows one face after its correction by {asked_by}, and is searched from now on."
    ),
    kind(
        "identification:reference:withdrawn/1",
        "{actor} withdrew {subject} from searches.",
        "person sha256",
        "gallery face reason_sha256 reviews",
    ),
    kind("identification:reference:viewed/1", "{actor} looked at {subject}, to withdraw it.", "person gallery"),
    kind(
        "identification:faces:viewed/1",
        "{actor} looked at the faces of {subject} ({page}).",
        "page sha256",
        "face correction",
    ),
    kind("identification:face:added/1", "{actor} drew a box in {subject}.", "correction box", "landmarks"),
    kind(
        "identification:face:moved/1",
        "{actor} moved the box of a face in {subject}.",
        "correction finding box",
        "landmarks",
    ),
    kind("identification:face:removed/1", "{actor} took a face out of {subject}.", "correction finding"),
    kind(
        "identification:face:placed/1",
        "{actor} placed eyes, nose and mouth in {subject}.",
        "correction landmarks",
    ),
    kind("identification:face:dismissed/1", "{actor} left out a box drawn in {subject}.", "correction"),
    kind(
        "identification:face:read/1",
        "A box that {actor} drew in {subject} was read ({outcome}).",
        "correction outcome",
        "face asked_by",
        outcome=READ,
    ).by_itself("asked_by", "A box that {asked_by} drew in {subject} was read ({outcome})."),
    kind(
        "identification:probe:chosen/1",
        "{actor} chose {subject} to be identified.",
        "face photograph",
        "case purpose asked_by correction",
    )
    .by_itself("correction", "{subject} was chosen to be identified, a face that {asked_by} corrected.")
    .by_itself("asked_by", "{subject} was chosen to be identified, the one face of what {asked_by} added."),
    kind("identification:probe:searched-again/1", "{actor} asked for one more search of {subject}.", "case"),
    kind(
        "identification:search:run/1",
        "{subject} looked through the references of {persons:person|people}; candidates proposed: {candidates}.",
        "probe encoder galleries gallery_size persons method settings list_length cut_off candidates",
        "case purpose gallery_kind embedding candidate_ids requested_by sha256 face weights_sha256 embedding_sha256"
        " gallery_sizes candidate_references scores references_sha256",
        settings=SEARCHED_WITH,
    ),
    kind(
        "identification:encoder:installed/1",
        "{actor} installed {subject} ({name} {version}).",
        "name version weights_sha256",
        "dimension at",
    ),
    kind(
        "identification:encoder:activated/1",
        "{actor} made {subject} the active encoder ({name} {version}).",
        "name version weights_sha256",
        "dimension replaces left_out at",
        replaces=NAME_AND_VERSION,
    ),
    kind(
        "identification:encoder:preparation-started/1",
        "{actor} had faces embedded by {subject} ({name} {version}), so that it can take over.",
        "name version weights_sha256 faces",
        "at",
    ),
    kind(
        "identification:encoder:preparation-cancelled/1",
        "{actor} stopped the preparation of {subject} ({name} {version}) at {embedded} of {faces:face|faces}.",
        "name version weights_sha256 faces embedded",
        "at",
    ),
    kind(
        "identification:encoder:removed/1",
        "{actor} removed {subject} ({name} {version}): {embeddings_deleted:embedding|embeddings} went,"
        " {embeddings_kept:stays|stay}.",
        "name version weights_sha256 embeddings_deleted embeddings_kept",
        "at",
    ),
    kind(
        "identification:encoder:calibrated/1",
        "{actor} calibrated {subject} on {comparisons:comparison|comparisons} of different people.",
        "calibration data_sha256 comparisons rows weights_sha256",
        "at",
    ),
    kind(
        "identification:policy:changed/1",
        "{actor} changed {subject} ({fields}).",
        "fields",
        "purpose values",
        values=POLICY,
    ),
)
