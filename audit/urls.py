from django.urls import path

from audit.views import export, log

app_name = "audit"
urlpatterns = [
    path("", log.log, name="log"),
    path("export/", export.export, name="export"),
]
