from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="woken_at",
            field=models.DateTimeField(
                blank=True, help_text="when the sweep last sent it to the workers", null=True
            ),
        ),
    ]
