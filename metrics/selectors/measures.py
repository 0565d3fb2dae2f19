"""Measures: readable by everyone, like the KPIs made of them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from metrics.models import Measure
from people.models import User


def visible_measures(user: User) -> QuerySet[Measure]:
    return Measure.objects.all() if user.is_authenticated and user.may_sign_in else Measure.objects.none()


def get_measure_for(user: User, code: str) -> Measure:
    measure = visible_measures(user).filter(code=code).first()
    if measure is None:
        raise Http404
    return measure


def measure_names() -> dict[str, str]:
    """{code: name in the reader's language}"""
    return {measure.code: measure.name or measure.code for measure in Measure.objects.all()}
