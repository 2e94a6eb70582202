from django.urls import path

from audit.views import export, log, verify

app_name = "audit"
urlpatterns = [
    path("", log.log, name="log"),
    path("export/", export.export, name="export"),
    path("verify/", verify.verify_bundle, name="verify-bundle"),
    path("verify/verify.py", verify.verifier, name="verifier"),
]
