"""Unfinished reviews from before evidence was kept are withdrawn, and their probes are searched for again."""

from django.db import migrations


def begin_again(apps, _):
    review, job = apps.get_model("review", "Review"), apps.get_model("identification", "Job")
    unfinished = review.objects.filter(state__in=("open", "discordant"), evidence="")
    for probe_id in list(unfinished.values_list("probe_id", flat=True)):
        owed = job.objects.filter(kind="search_probe", subject_id=probe_id, finished_at__isnull=True)
        if not owed.exists():
            job.objects.create(kind="search_probe", subject_id=probe_id)
    places = apps.get_model("review", "Assignment").objects
    places.filter(review__in=unfinished, state="open").update(state="lapsed")
    unfinished.update(state="withdrawn", withdrawn_because="otherwise")


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0011_rules_of_sign_off_and_corroboration"),
        ("identification", "0009_policies_say_what_suffices"),
    ]
    operations = [migrations.RunPython(begin_again, migrations.RunPython.noop)]
