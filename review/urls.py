from django.urls import path

from review.views import agreements, compare, corroboration, ended, history, images, presence, queue, work

app_name = "review"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("next/", queue.take_next, name="next"),
    path("work/<uuid:assignment_id>/", work.work, name="work"),
    path("work/<uuid:assignment_id>/probe/", work.probe, name="probe"),
    path("work/<uuid:assignment_id>/candidates/", work.candidates, name="candidates"),
    path("work/<uuid:assignment_id>/compare/<uuid:person_id>/", compare.compare, name="compare"),
    path("work/<uuid:assignment_id>/probe/<slug:size>/image/", images.probe_image, name="probe-image"),
    path(
        "work/<uuid:assignment_id>/candidates/<int:position>/<int:number>/<slug:size>/image/",
        images.candidate_image,
        name="candidate-image",
    ),
    path("work/<uuid:assignment_id>/conclude/", work.conclude, name="conclude"),
    path("work/<uuid:assignment_id>/decline/", queue.decline, name="decline"),
    path("work/<uuid:assignment_id>/stay/", presence.stay, name="stay"),
    path("work/<uuid:assignment_id>/leave/", presence.leave, name="leave"),
    path("work/<uuid:assignment_id>/later/", presence.later, name="later"),
    path("agreements/", agreements.agreements, name="agreements"),
    path("agreements/<uuid:agreement_id>/accept/", agreements.accept, name="accept-agreement"),
    path("agreements/<uuid:agreement_id>/end/", agreements.end, name="end-agreement"),
    path("work/<uuid:assignment_id>/signed/", work.signed, name="signed"),
    path("<uuid:review_id>/identifiers/record/", corroboration.record_identifier, name="record-identifier"),
    path("identifiers/<uuid:identifier_id>/verify/", corroboration.verify_identifier, name="verify-identifier"),
    path("identifiers/<uuid:identifier_id>/file/", corroboration.identifier_file, name="identifier-file"),
    path("<uuid:review_id>/assert/", corroboration.assert_identity, name="assert-identity"),
    path("<uuid:review_id>/", ended.conclusion, name="conclusion"),
    path("<uuid:review_id>/history/", history.history, name="history"),
    path("<uuid:review_id>/reopen/", history.reopen, name="reopen"),
]
