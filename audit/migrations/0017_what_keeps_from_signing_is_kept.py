from django.db import migrations, models


class Migration(migrations.Migration):
    """A sequencer that couldn't sign, its key being gone, said so in its own log, and everybody read that it is at work."""

    dependencies = [("audit", "0016_rights_are_asked_when_needed")]

    operations = [
        migrations.AddField(
            "treestate",
            "hindered",
            models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What keeps it from signing; once mended, it goes on by itself.",
            ),
        ),
        migrations.AddField(
            "treestate",
            "stopped_at",
            models.DateTimeField(help_text="Since when one of the two is so.", null=True),
        ),
    ]
