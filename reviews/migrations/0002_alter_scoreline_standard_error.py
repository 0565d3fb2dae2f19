from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="scoreline",
            name="standard_error",
            field=models.FloatField(help_text="of the points", null=True),
        ),
    ]
