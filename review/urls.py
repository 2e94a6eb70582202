from django.urls import path

from review.views import compare, ended, images, queue, report, work

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
    path("work/<uuid:assignment_id>/signed/", work.signed, name="signed"),
    path("<uuid:review_id>/", ended.conclusion, name="conclusion"),
    path("<uuid:review_id>/report/", report.report, name="report"),
    path("<uuid:review_id>/report/pdf/", report.report_pdf, name="report-pdf"),
    path("<uuid:review_id>/report/<int:number>/image/", report.picture, name="report-picture"),
]
