"""What the demonstration does before the scores goes through the doors that users have, and twice does nothing more."""

from __future__ import annotations

import pytest
from django.utils import timezone

from demo.services.before import prepare
from reviews.models import Amendment, CoachingNote, Cycle, Delegation, TermsReceipt
from tests.cast import Cast
from tests.factories import RoleGrantFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_terms_are_read_talks_noted_and_a_target_waits(cast: Cast, rating_cycle: Cycle) -> None:
    Cycle.objects.filter(pk=rating_cycle.pk).update(code="2025-10")
    RoleGrantFactory(user=UserFactory(login="hr2", employee_number=None), role="hr")
    for _time in range(2):
        prepare(first_day=cast.first_day, today=timezone.localdate())
    assert TermsReceipt.objects.count() == 3  # of six, every third has yet to read, and so has the agent
    assert not TermsReceipt.objects.filter(employee=cast.agent).exists()
    assert set(CoachingNote.objects.values_list("employee__login", flat=True)) == {"agent", "peer"}
    assert Amendment.objects.get().state == "proposed"
    assert Delegation.objects.get().delegate == cast.manager
