"""Which app answers which address."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="identification:cases"), name="home"),
    path("", include("accounts.urls")),
    path("", include("identification.urls")),
    path("review/", include("review.urls")),
    path("audit/", include("audit.urls")),
    path("admin/", admin.site.urls),
]
