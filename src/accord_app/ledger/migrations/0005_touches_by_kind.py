from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_concerned"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="touch", name="touches_0"),
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(fields=["person_id", "kind", "known_at", "revision", "id"], name="touches_0"),
        ),
    ]
