from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incentives", "0005_recognition")]

    operations = [
        migrations.AddIndex(
            model_name="payoutline",
            index=models.Index(
                condition=models.Q(("status__in", ["undecided", "missing_input"])),
                fields=["payout_run"],
                name="payout_lines_to_decide",
            ),
        ),
    ]
