from django.urls import path

from review import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("next/", views.take_next, name="next"),
    path("work/<uuid:assignment_id>/", views.work, name="work"),
    path("work/<uuid:assignment_id>/probe/", views.probe, name="probe"),
    path("work/<uuid:assignment_id>/candidates/", views.candidates, name="candidates"),
    path("work/<uuid:assignment_id>/compare/<uuid:person_id>/", views.compare, name="compare"),
    path("work/<uuid:assignment_id>/conclude/", views.conclude, name="conclude"),
    path("work/<uuid:assignment_id>/decline/", views.decline, name="decline"),
    path("work/<uuid:assignment_id>/signed/", views.signed, name="signed"),
    path("<uuid:review_id>/", views.conclusion, name="conclusion"),
]
