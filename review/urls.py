from django.urls import path

from review.views import compare, drafts, ended, images, queue, work

app_name = "review"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("next/", queue.take_next, name="next"),
    path("work/<uuid:assignment_id>/", work.work, name="work"),
    path("work/<uuid:assignment_id>/probe/", work.probe, name="probe"),
    path("work/<uuid:assignment_id>/candidates/", work.candidates, name="candidates"),
    path("work/<uuid:assignment_id>/compare/", compare.first, name="compare-first"),
    path("work/<uuid:assignment_id>/compare/<int:position>/", compare.compare, name="compare"),
    path("work/<uuid:assignment_id>/probe/<slug:size>/image/", images.probe_image, name="probe-image"),
    path(
        "work/<uuid:assignment_id>/candidates/<int:position>/<int:number>/<slug:size>/image/",
        images.candidate_image,
        name="candidate-image",
    ),
    path("work/<uuid:assignment_id>/draft/<slug:section>/", drafts.draft, name="draft"),
    path("work/<uuid:assignment_id>/conclude/", work.conclude, name="conclude"),
    path("work/<uuid:assignment_id>/decline/", queue.decline, name="decline"),
    path("work/<uuid:assignment_id>/signed/", work.signed, name="signed"),
    path("<uuid:review_id>/", ended.conclusion, name="conclusion"),
]
