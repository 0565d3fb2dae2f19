"""Potential and the nine boxes: who rates, who reads, and that nothing else depends on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import Http404

from foundation.documents import Problems
from foundation.refusals import Refusal
from people.models import User
from reviews.methods.document import check_configuration, completed
from reviews.methods.potential import blank_potential, performance_box
from reviews.models import Cycle, PotentialRating
from reviews.models.cycles import Phase
from reviews.selectors.freshness import inputs_mark
from reviews.selectors.potential import nine_box, potentials_owed, rated_participants
from reviews.services.potential import save_potential
from tests.cast import Cast
from tests.reviews.conftest import configuration

WHY = "Led the late shift for a week"


@pytest.fixture
def asks(rating_cycle: Cycle) -> Cycle:
    """A cycle in rating whose frozen configuration asks for potential."""
    rating_cycle.configuration = {**rating_cycle.configuration, "potential": blank_potential()}
    rating_cycle.save()
    return rating_cycle


def rate(cast: Cast, cycle: Cycle, **changes: Any) -> PotentialRating:
    given = {"actor": cast.manager, "employee_id": cast.agent.pk, "level": 2, "reason": WHY, "version": 0}
    return save_potential(cycle=cycle, **{**given, **changes})


def test_a_rater_says_it_with_a_reason(cast: Cast, asks: Cycle) -> None:
    rating = rate(cast, asks)
    assert (rating.level, rating.reason, rating.rated_by, rating.version) == (2, WHY, cast.manager, 1)
    assert rate(cast, asks, level=3, version=1).version == 2


@pytest.mark.parametrize("who", ["hr", "site_manager", "other_manager", "agent", "peer", "auditor"])
def test_nobody_else_rates(cast: Cast, asks: Cycle, who: str) -> None:
    with pytest.raises(Http404):
        rate(cast, asks, actor=getattr(cast, who))
    assert not PotentialRating.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"level": 0}, "potential_level"),
        ({"level": 4}, "potential_level"),
        ({"level": True}, "potential_level"),
        ({"reason": "ok"}, "potential_reason"),
        ({"reason": "x" * 401}, "potential_reason"),
        ({"version": 7}, "judgement_stale"),
    ],
)
def test_what_cannot_be_is_refused(cast: Cast, asks: Cycle, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        rate(cast, asks, **changes)
    assert refused.value.code == code
    assert not PotentialRating.objects.exists()


def test_a_stale_version_overwrites_nothing(cast: Cast, asks: Cycle) -> None:
    rate(cast, asks)
    with pytest.raises(Refusal) as refused:
        rate(cast, asks, level=3, version=0)
    assert refused.value.status == 409
    assert PotentialRating.objects.get().level == 2
    assert rate(cast, asks, version=0).version == 1, "the same again is no conflict"


@pytest.mark.parametrize("phase", [Phase.GOALS, Phase.RELEASE, Phase.CLOSED])
def test_only_while_scores_are_given_and_calibrated(cast: Cast, asks: Cycle, phase: str) -> None:
    Cycle.objects.update(phase=phase)
    with pytest.raises(Refusal) as refused:
        rate(cast, asks)
    assert refused.value.code == "potential_not_open"


def test_a_cycle_that_does_not_ask_has_none(cast: Cast, rating_cycle: Cycle) -> None:
    with pytest.raises(Http404):
        rate(cast, rating_cycle)
    with pytest.raises(Http404):
        nine_box(cast.hr, rating_cycle)


def test_who_reads_whose(cast: Cast, asks: Cycle) -> None:
    def seen(name: str) -> set[str]:
        user = User.objects.get(pk=getattr(cast, name).pk)
        return cast.names(rated_participants(user, asks).values_list("employee_id", flat=True))

    everybody = cast.names(asks.participants.values_list("employee_id", flat=True))
    own = cast.names(asks.participants.filter(rater=cast.manager).values_list("employee_id", flat=True))
    assert seen("hr") == seen("auditor") == everybody
    assert seen("manager") == own - {"manager"}
    assert "agent" in own
    assert "outsider" not in own
    for name in ("agent", "peer", "payroll", "site_manager"):
        assert seen(name) == cast.names(
            asks.participants.filter(rater=getattr(cast, name)).values_list("employee_id", flat=True)
        )
    assert "agent" not in seen("site_manager"), "a manager further up rates the own ratees only"


def test_it_changes_no_score_and_makes_no_result_stale(cast: Cast, asks: Cycle) -> None:
    before = inputs_mark(asks)
    rate(cast, asks)
    assert inputs_mark(asks) == before


def test_the_boxes(cast: Cast, scored_cycle: Cycle) -> None:
    """agent 99.8, peer 67, remote without data; cut points 70 and 90."""
    Cycle.objects.update(
        configuration={**scored_cycle.configuration, "potential": blank_potential()}, phase=Phase.CALIBRATION
    )
    cycle = Cycle.objects.get(pk=scored_cycle.pk)
    rate(cast, cycle, level=3)
    rate(cast, cycle, employee_id=cast.peer.pk, level=1)
    found = nine_box(cast.hr, cycle)
    assert [one.participant.employee_id for one in found.boxes[2][2]] == [cast.agent.pk]
    assert [one.participant.employee_id for one in found.boxes[0][0]] == [cast.peer.pk]
    assert found.placed == 2
    assert cast.remote.pk in {one.participant.employee_id for one in found.unplaced}


def test_a_manager_reads_no_score_before_its_time(cast: Cast, scored_cycle: Cycle) -> None:
    Cycle.objects.update(configuration={**scored_cycle.configuration, "potential": blank_potential()})
    cycle = Cycle.objects.get(pk=scored_cycle.pk)
    rate(cast, cycle)
    found = nine_box(cast.manager, cycle)
    assert found.placed == 0
    assert all(one.score is None for one in found.unplaced)


@pytest.mark.parametrize(
    ("score", "box"), [(69.999, 0), (70.0, 1), (89.999, 1), (90.0, 2), (130.0, 2), (None, None)]
)
def test_cut_points_belong_to_the_box_above(score: float | None, box: int | None) -> None:
    assert performance_box(score, [70, 90]) == box


def test_what_is_still_to_come(cast: Cast, asks: Cycle) -> None:
    (owed,) = potentials_owed(cast.manager)
    rate(cast, asks)
    (after,) = potentials_owed(cast.manager)
    assert (owed.total, owed.left - after.left) == (after.total, 1)
    assert potentials_owed(cast.agent) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"cuts": [90, 70]}, ("potential", "cuts", 1)),
        ({"cuts": [70]}, ("potential", "cuts")),
        ({"levels": []}, ("potential", "levels")),
        (
            {"levels": [{"name": {"en": ""}, "description": {"en": "x"}}] * 3},
            ("potential", "levels", 0, "name"),
        ),
    ],
)
def test_problems_of_the_block_name_their_place(
    change: dict[str, Any], where: tuple[Any, ...], cast: Cast
) -> None:
    from reviews.methods.document import References

    problems = Problems()
    document = completed({**configuration(), "potential": {**blank_potential(), **change}})
    check_configuration(document, references=References(), problems=problems, complete=True)
    assert any(tuple(problem.path)[: len(where)] == where for problem in problems)


def test_the_form_keeps_what_was_typed(client: Any, cast: Cast, asks: Cycle) -> None:
    client.force_login(cast.manager)
    address = f"/cycles/{asks.code}/potential/{cast.agent.pk}/"
    answer = client.post(address, {"level": "3", "reason": "no", "version": "0"})
    assert answer.status_code == 422
    assert 'value="3" checked' in answer.content.decode()
    assert client.post(address, {"level": "3", "reason": WHY, "version": "0"}).status_code == 302
    assert WHY in client.get(f"/cycles/{asks.code}/potential/").content.decode()
    assert client.get(f"/cycles/{asks.code}/nine-box/").status_code == 200
    assert client.get("/scoring/").status_code == 200


def test_hr_asks_for_it_in_the_browser(client: Any, cast: Cast, draft: Cycle) -> None:
    client.force_login(cast.hr)
    address = f"/cycles/{draft.code}/potential/settings/"
    assert client.get(address).status_code == 200
    typed = {"enabled": "on", "low": "60", "high": "85", "version": str(draft.version)}
    for index, level in enumerate(blank_potential()["levels"]):
        for part in ("name", "description"):
            for language in ("zh", "en"):
                typed[f"{part}_{language}_{index}"] = level[part][language]
    assert client.post(address, typed).status_code == 302
    draft.refresh_from_db()
    assert draft.configuration["potential"] == {**blank_potential(), "cuts": [60.0, 85.0]}
    assert client.post(address, {**typed, "high": "50"}).status_code == 422
