"""What one is appraised by: read and confirmed before the scores are settled."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import duties_of, owing
from foundation.refusals import Refusal
from incentives.models import IncentivePlan, PlanVersion
from people.models import User
from reviews.models import Cycle, Participant, TermsReceipt
from reviews.selectors.terms import TermsDuties, digest_of, get_part_for, receipts, terms_of
from reviews.services.cycles import create_cycle, edit_configuration, launch_cycle
from reviews.services.phases import advance_phase
from reviews.services.terms import confirm_terms
from tests.cast import Cast
from tests.reviews.conftest import configuration

pytestmark = pytest.mark.django_db


def digest(user: User, cycle: Cycle) -> str:
    return digest_of(terms_of(get_part_for(user, cycle.code)))


def confirm(user: User, cycle: Cycle) -> TermsReceipt:
    return confirm_terms(actor=user, code=cycle.code, digest=digest(user, cycle))


def test_the_terms_say_the_own_target_and_every_weight(cast: Cast, rating_cycle: Cycle) -> None:
    shown = terms_of(get_part_for(cast.agent, rating_cycle.code))
    kpis, conduct = shown["components"]
    assert [(line["code"], line["target"], line["weight"]) for line in kpis["kpis"]] == [
        ("csat", 4.6, 40),
        ("response_time", 20, 60),
    ]
    assert (kpis["weight"], conduct["weight"]) == (70, 30)
    assert conduct["items"][0]["words"]["3"] == {"en": "courtesy 3"}
    assert digest_of(shown) == digest(cast.agent, rating_cycle)


def test_a_receipt_keeps_what_was_shown_and_cannot_be_changed(cast: Cast, rating_cycle: Cycle) -> None:
    receipt = confirm(cast.agent, rating_cycle)
    assert digest_of(receipt.shown) == receipt.digest
    assert receipt.configuration_version == rating_cycle.configuration_version
    assert confirm(cast.agent, rating_cycle).pk == receipt.pk  # the second time changes nothing
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_termsreceipt SET digest = 'x'")
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_termsreceipt")


def test_what_was_not_read_is_not_confirmed(cast: Cast, rating_cycle: Cycle) -> None:
    with pytest.raises(Refusal) as caught:
        confirm_terms(actor=cast.agent, code=rating_cycle.code, digest="0" * 64)
    assert (caught.value.code, caught.value.status) == ("terms_changed", 409)
    for stranger in (cast.manager, cast.hr):
        with pytest.raises(Http404):
            confirm_terms(actor=stranger, code=rating_cycle.code, digest="0" * 64)
    assert not TermsReceipt.objects.exists()


def test_once_rating_is_over_nothing_is_confirmed(cast: Cast, scored_cycle: Cycle) -> None:
    seen = digest(cast.agent, scored_cycle)
    advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase="calibration", reason="Chengdu has no forms")
    with pytest.raises(Refusal) as caught:
        confirm_terms(actor=cast.agent, code=scored_cycle.code, digest=seen)
    assert caught.value.code == "terms_not_asked"


def test_it_is_owed_until_it_is_done(cast: Cast, rating_cycle: Cycle) -> None:
    today = timezone.localdate()
    assert {cast.agent.pk, cast.outsider.pk} <= owing(today)
    [duty] = TermsDuties().duties_of([cast.agent.pk], today)[cast.agent.pk]
    assert duty.url == reverse("reviews:terms", args=[rating_cycle.code])
    confirm(cast.agent, rating_cycle)
    assert cast.agent.pk not in duties_of([cast.agent.pk, cast.peer.pk], today)
    # Words that concern the person were changed by an amendment: it is owed again.
    Participant.objects.filter(employee=cast.agent).update(terms_version=99)
    assert cast.agent.pk in owing(today)


def test_a_cycle_that_does_not_ask_is_owed_by_nobody(cast: Cast, draft: Cycle) -> None:
    edit_configuration(
        actor=cast.hr,
        cycle=draft,
        configuration=configuration(acknowledge_terms=False),
        version=draft.version,
    )
    draft.refresh_from_db()
    launch_cycle(actor=cast.hr, cycle=draft)
    assert cast.agent.pk not in TermsDuties().owing(timezone.localdate())


def test_hr_sees_who_has_not(cast: Cast, rating_cycle: Cycle, client: Client) -> None:
    confirm(cast.agent, rating_cycle)
    done = dict(receipts(rating_cycle).values_list("employee", "confirmed_at"))
    assert done[cast.agent.pk]
    assert not done[cast.peer.pk]
    client.force_login(cast.hr)
    page = client.get(
        reverse("reviews:term_receipts", args=[rating_cycle.code]), {"open": "1"}
    ).content.decode()
    assert cast.peer.name in page
    assert cast.agent.name not in page


def test_the_page_confirms_and_says_so(cast: Cast, rating_cycle: Cycle, client: Client) -> None:
    client.force_login(cast.agent)
    address = reverse("reviews:terms", args=[rating_cycle.code])
    page = client.get(address).content.decode()
    assert "4.60" in page or "4.6" in page
    answer = client.post(
        reverse("reviews:terms_confirm", args=[rating_cycle.code]),
        {"digest": digest(cast.agent, rating_cycle)},
    )
    assert answer.status_code == 302
    assert TermsReceipt.objects.get().employee == cast.agent
    assert "You confirmed on" in client.get(address).content.decode()


def test_the_rules_of_a_plan_that_pays_for_the_cycle_are_part_of_it(cast: Cast, rating_cycle: Cycle) -> None:
    before = digest(cast.agent, rating_cycle)
    plan = IncentivePlan.objects.create(code="bonus", name_zh="奖金", name_en="Bonus")
    steps = [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "rounding", "quantum": "0.01", "mode": "half_up"},
    ]
    PlanVersion.objects.create(
        plan=plan,
        number=1,
        valid_from=datetime.date(2025, 1, 1),
        configuration={"eligibility": {}, "steps": steps},
    )
    [rule] = terms_of(get_part_for(cast.agent, rating_cycle.code))["rules"]
    assert rule["name"] == {"zh": "奖金", "en": "Bonus"}
    assert len(rule["sentences"]) == 2
    assert all(each["zh"] and each["en"] and each["zh"] != each["en"] for each in rule["sentences"])
    assert digest(cast.agent, rating_cycle) != before


def test_the_queries_do_not_grow_with_the_people(
    cast: Cast, rating_cycle: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    today = timezone.localdate()
    everyone = list(Participant.objects.values_list("employee", flat=True))
    few = query_count(lambda: TermsDuties().duties_of(everyone[:1], today))
    many = query_count(lambda: TermsDuties().duties_of(everyone, today))
    assert few == many == 2


def test_a_second_cycle_asks_by_itself(cast: Cast, rating_cycle: Cycle) -> None:
    confirm(cast.agent, rating_cycle)
    again = create_cycle(
        actor=cast.hr, code="oct2", name_en="Again", first_day=cast.first_day, last_day=cast.last_day,
        configuration=configuration(),
    )  # fmt: skip
    launch_cycle(actor=cast.hr, cycle=again)
    assert cast.agent.pk in TermsDuties().owing(timezone.localdate())
