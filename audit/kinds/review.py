"""The kinds of entries about what reviewers do, and what comes of it."""

from audit.kinds.keys import FINDING
from audit.kinds.kind import kind
from audit.kinds.values import one_of

DECLINED = one_of("acquainted", "distressing", "other_work")
REACHED = one_of("concordant", "no_candidate", "unsuitable")
WITHDRAWN = one_of("face_corrected", "reference_withdrawn", "otherwise")
REOPENED = one_of("new_evidence", "reference_withdrawn")
REVEALED = one_of("face", "photograph")
REPORTED = one_of("html", "pdf")

KINDS = (
    kind(
        "review:review:opened/1",
        "{subject} was opened and waits for reviewers.",
        "search probe",
        "case refers_to requested_by",
    ),
    kind("review:assignment:taken/1", "{actor} took {subject} ({part}).", "part seed", "review until lease_seconds"),
    kind(
        "review:assignment:declined/1",
        "{actor} declined {subject} ({code}).",
        "code",
        "part review",
        code=DECLINED,
    ),
    kind(
        "review:analysis:recorded/1",
        "{actor} recorded, before any candidate was shown, what {subject} allows ({suitability}).",
        "suitability",
        "part review limitations probe",
    ),
    kind(
        "review:comparison:recorded/1",
        "{actor} went through the candidates of {subject} and retained {retained} of {listed}.",
        "review retained listed",
    ),
    kind("review:signature:refused/1", "A signature of {actor} was refused: wrong password.", "review"),
    kind(
        "review:signature:locked-out/1",
        "A signature of {actor} was refused, and its password not looked at: too many had been wrong.",
        "review",
    ),
    kind(
        "review:candidates:viewed/1",
        "{actor} looked at the candidates of {subject}.",
        "search",
        "part review candidate",
    ),
    kind("review:assessment:signed/1", "{actor} signed {subject}.", "document_sha256 part", "review suitability"),
    kind(
        "review:review:discordant/1",
        "The assessments of {subject} differ; it waits for an adjudicator.",
        "case",
        "assessments",
    ),
    kind(
        "review:review:withdrawn/1",
        "{subject} was withdrawn, because {actor} corrected its face.",
        "case probe correction",
    ),
    kind("review:review:inconclusive/1", "{subject} ended without a conclusion.", "case", "assessments code"),
    kind(
        "review:conclusion:reached/1",
        "{subject} was reached ({outcome}).",
        "case review outcome finding reviewers adjudicated",
        "dissent",
        outcome=REACHED,
        finding=FINDING,
    ),
    kind("review:assignment:left/1", "{actor} left {subject} for later; the draft is kept.", "", "review"),
    kind(
        "review:assignment:lapsed/1",
        "{subject} lapsed, because {actor} was away; the draft is kept.",
        "",
        "review held_by",
    ).by_itself("held_by", "{subject} lapsed, because {held_by} was away; the draft is kept."),
    kind("review:draft:recovered/1", "{actor} took {subject} up again where they had left it.", "sections", "review"),
    kind(
        "review:image:revealed/1",
        "{actor} had {variant} of a deceased person shown ({number} that day).",
        "variant number",
        "review face",
        variant=REVEALED,
    ),
    kind(
        "review:exposure:capped/1", "{actor} reached the day's limit of {cap:picture|pictures} of the deceased.", "cap"
    ),
    kind("review:assessments:read/1", "{actor} read the differing assessments of {subject}.", "documents", "review"),
    kind("review:note:signed/1", "{actor} added {subject} to an assessment.", "document_sha256 assessment", "review"),
    kind(
        "review:review:withdrawn/2",
        "{subject} was withdrawn ({cause}), which came to light by {actor}; signatures void by it: {signatures}.",
        "case probe cause signatures",
        "correction reference",
        cause=WITHDRAWN,
    ),
    kind(
        "review:review:reopened/1",
        "{actor} had {subject} opened anew ({cause}).",
        "case cause",
        "reference reason_sha256",
        cause=REOPENED,
    ),
    kind(
        "review:identifier:recorded/1",
        "{actor} recorded {subject} ({identifier_kind}).",
        "identifier_kind file_sha256",
        "case review bytes",
    ),
    kind("review:identifier:verified/1", "{actor} verified {subject}: {verdict}.", "verdict", "case review"),
    kind("review:identifier:viewed/1", "{actor} opened the file of {subject}.", "file_sha256", "case review"),
    kind(
        "review:identity:asserted/1",
        "{actor} asserted {subject}.",
        "document_sha256 identifiers",
        "case review person",
    ),
    kind(
        "review:report:made/1",
        "{actor} had the report of {subject} made ({format}).",
        "format",
        "pictures sha256",
        format=REPORTED,
    ),
    kind("review:history:viewed/1", "{actor} read the history of {subject}."),
    kind("review:agreement:proposed/1", "{actor} proposed {subject}.", "holder helper purposes"),
    kind("review:agreement:accepted/1", "{actor} accepted {subject}.", "holder helper"),
    kind("review:agreement:ended/1", "{actor} ended {subject}.", "holder helper"),
    kind("review:conclusion:viewed/1", "{actor} read the conclusion of {subject}."),
    kind("review:work:viewed/1", "{actor} worked on {subject} ({page}).", "page review"),
    kind("review:assessment:viewed/1", "{actor} looked at {subject} and at the scores of its list.", "review search"),
    kind("review:review:viewed/1", "{actor} looked at how far {subject} has come."),
    kind("review:corroboration:viewed/1", "{actor} looked at what corroborates {subject}.", "page", "identifier"),
)
