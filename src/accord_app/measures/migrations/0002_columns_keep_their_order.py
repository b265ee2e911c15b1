"""Kept figures as text: PostgreSQL's own type for JSON sorts names, and CSV files had their columns in that order."""

from django.db import migrations

import accord_app.measures.models


class Migration(migrations.Migration):
    dependencies = [("measures", "0001_first")]
    operations = [migrations.AlterField("figure", "content", accord_app.measures.models.InOrder())]
