from django.urls import path

from identification.views import cases, encoders, faces, galleries, images, withdrawal

app_name = "identification"
urlpatterns = [
    path("cases/", cases.cases, name="cases"),
    path("cases/open/", cases.open_case, name="open-case"),
    path("cases/<uuid:case_id>/", cases.case, name="case"),
    path("cases/<uuid:case_id>/photographs/", cases.add_photographs, name="add-photographs"),
    path("photographs/<uuid:photograph_id>/try-again/", cases.try_again, name="try-again"),
    path("photographs/<uuid:photograph_id>/faces/", faces.faces, name="faces"),
    path("faces/<uuid:face_id>/remove/", faces.remove, name="remove-face"),
    path("corrections/<uuid:correction_id>/landmarks/", faces.landmarks, name="landmarks"),
    path("corrections/<uuid:correction_id>/dismiss/", faces.dismiss, name="dismiss-correction"),
    path("corrections/<uuid:correction_id>/image/", images.box_image, name="box-image"),
    path("faces/<uuid:face_id>/search/", cases.choose_probe, name="choose-probe"),
    path("probes/<uuid:probe_id>/search-again/", cases.search_again, name="search-again"),
    path("galleries/", galleries.galleries, name="galleries"),
    path("galleries/<uuid:gallery_id>/", galleries.gallery, name="gallery"),
    path("references/<uuid:reference_id>/withdraw/", withdrawal.withdraw, name="withdraw-reference"),
    path("galleries/<uuid:gallery_id>/enrol/", galleries.enrol, name="enrol"),
    path("encoders/", encoders.encoders, name="encoders"),
    path("encoders/cancel/", encoders.cancel_preparation, name="cancel-preparation"),
    path(
        "encoders/<slug:encoder_name>/<str:encoder_version>/activate/",
        encoders.activate_encoder,
        name="activate-encoder",
    ),
    path("photographs/<uuid:photograph_id>/image/", images.photograph_image, name="photograph-image"),
    path("faces/<uuid:face_id>/image/", images.face_image, name="face-image"),
]
