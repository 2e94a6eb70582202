from django.urls import path

from audit.views import export, log, uses

app_name = "audit"
urlpatterns = [
    path("", log.log, name="log"),
    path("uses/", uses.report, name="uses"),
    path("exports/", export.exports, name="exports"),
    path("exports/<uuid:export_id>/file/", export.download, name="download-export"),
]
