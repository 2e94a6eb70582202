from django.urls import path

from audit.views import case, checkpoints, entry, export, log, public, uses, verification, verify

app_name = "audit"
urlpatterns = [
    path("", log.log, name="log"),
    path("uses/", uses.report, name="uses"),
    path("exports/", export.exports, name="exports"),
    path("exports/<uuid:export_id>/file/", export.download, name="download-export"),
    path("cases/<slug:case_id>/", case.case, name="case"),
    path("entries/<uuid:uid>/", entry.entry, name="entry"),
    path("entries/<uuid:uid>/proof.json", entry.proof, name="proof"),
    path("verifications/", verification.verifications, name="verifications"),
    path("verifications/now/", verification.verify_now, name="verify-now"),
    path("checkpoints/", checkpoints.checkpoints, name="checkpoints"),
    path("checkpoints/now/", checkpoints.sign_now, name="sign-now"),
    path("checkpoints/<int:checkpoint_id>/note.txt", checkpoints.note, name="checkpoint-note"),
    path("checkpoints/proof/", checkpoints.consistency, name="consistency-proof"),
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
