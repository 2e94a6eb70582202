from django.urls import path

from audit.views import export, log, public, verify

app_name = "audit"
urlpatterns = [
    path("", log.log, name="log"),
    path("export/", export.export, name="export"),
    # Open to everybody.
    path("checkpoint", public.checkpoint, name="checkpoint"),
    path("checkpoint/<int:entries>", public.checkpoint, name="checkpoint-over"),
    path("checkpoints.txt", public.checkpoints, name="checkpoint-list"),
    path("consistency/<int:older>/<int:newer>", public.consistency, name="consistency"),
    path("keys", public.keys, name="keys"),
    path("keys.jsonl", public.handovers, name="handovers"),
    path("verify/", verify.verify_bundle, name="verify-bundle"),
    path("verify/verify.py", verify.verifier, name="verifier"),
]
