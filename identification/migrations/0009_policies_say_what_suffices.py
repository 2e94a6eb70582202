"""Each purpose's policy says what corroborates and whose reviews come first: the living before the dead."""

from django.db import migrations

# (purpose, kinds of which one suffices, how many of different kinds suffice together, precedence)
POLICIES = (
    ("missing", ["fingerprints", "dental", "dna", "document", "statement", "location"], 2, 10),
    ("captured", ["fingerprints", "dental", "dna", "document", "statement"], 2, 20),
    ("deceased", ["fingerprints", "dental", "dna"], 2, 30),
    ("incident", [], 0, 40),
)


def say_what_suffices(apps, _):
    policies = apps.get_model("identification", "PurposePolicy").objects
    for purpose, kinds, together, precedence in POLICIES:
        policies.filter(purpose=purpose).update(
            sufficient_kinds=kinds, sufficient_together=together, precedence=precedence
        )


class Migration(migrations.Migration):
    dependencies = [("identification", "0008_priorities_corroboration_and_withdrawn_references")]
    operations = [migrations.RunPython(say_what_suffices, migrations.RunPython.noop)]
