"""A correction lies in its photograph and is never restated; a calibration is replaced, never changed."""

from django.db import migrations

from identification.constraints import CALIBRATION_SQL, CORRECTION_SQL


class Migration(migrations.Migration):
    dependencies = [("identification", "0006_faces_can_be_corrected_and_measured")]
    operations = [migrations.RunSQL(*sql) for sql in (*CORRECTION_SQL, *CALIBRATION_SQL)]
