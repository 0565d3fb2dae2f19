"""The KPIs that the product ships: the ten indicators of customer service, with attitude and professional skill."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from foundation.documents import Problems, read_document
from metrics.models import KPI, Measure
from metrics.services.configuration import load_kpis, load_measures
from people.models import User

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogue" / "catalogue.yaml"


@transaction.atomic
def load_catalogue(*, actor: User | None) -> Problems:
    """Measures and KPIs of the catalogue; those that are there already stay as they are. Stores nothing if there are
    problems, which are then the answer."""
    document = read_document(CATALOGUE.read_bytes())
    problems = Problems()
    known_measures = set(Measure.objects.values_list("code", flat=True))
    known_kpis = set(KPI.objects.values_list("code", flat=True))
    measures = [item for item in document["measures"] if item["code"] not in known_measures]
    kpis = [item for item in document["kpis"] if item["code"] not in known_kpis]
    load_measures(measures, actor=actor, problems=problems, path=("measures",))
    load_kpis(kpis, actor=actor, problems=problems, path=("kpis",))
    if problems:
        transaction.set_rollback(True)
    return problems
