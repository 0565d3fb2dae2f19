"""Trials A1 to A5 of the 360: what is published, kept or logged leads to no group smaller than k.

Each guard is tried on a planted leak as well, so that it is known to bite.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core import mail
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from scipy.optimize import linprog

from foundation.refusals import Refusal
from reviews.models import (
    Cycle,
    Result,
    VoiceAnswer,
    VoiceComment,
    VoiceDraft,
    VoiceInvitation,
    VoiceRound,
)
from reviews.selectors.voice_reports import voice_report
from reviews.services import voice_rounds
from reviews.services.cycles import edit_configuration
from reviews.services.voice_answers import answer_as_customer, draft_key
from reviews.services.voice_invitations import nominate
from reviews.services.voice_rounds import close_round, reopen_round, set_minimum
from tests.cast import Cast
from tests.reviews.conftest import score
from tests.reviews.voice_world import ITEMS, VoiceWorld, build_voices, chosen

pytestmark = pytest.mark.django_db

K = 5
NAMED = ("self", "superior")
WORTH = 20.0


@pytest.fixture
def world(cast: Cast, measured: Any) -> VoiceWorld:
    """The agent, heard by superior, self, six peers, three subordinates and two customers: two groups below k."""
    world = build_voices(cast)
    world.ask("peers", world.colleagues[:6])
    world.ask("subordinates", world.colleagues[6:9])
    world.answer(cast.agent, (5, 5, 4))
    world.answer(cast.manager, (4, 3, 3))
    return world


#: Levels by rater and item, in the order in which they come in; nobody's row is anybody else's.
HEARD: dict[int, tuple[int, ...]] = {
    0: (4, 4, 3), 1: (5, 4, 2), 2: (3, 2, 3), 3: (4, 5, 4), 4: (2, 4, 5), 5: (4, 3, 4),
    6: (1, 2, 2), 7: (3, 1, 2), 8: (2, 3, 5),
}  # fmt: skip
CUSTOMERS = ((5, 3, 1), (2, 2, 4))


def hear(world: VoiceWorld) -> None:
    for place, levels in HEARD.items():
        world.answer(world.colleagues[place], levels, strengths=f"Text {place:02d}")
    for number, levels in enumerate(CUSTOMERS):
        invitation = nominate(
            actor=world.cast.manager, voices=world.voices, participant=world.part(), group="customers",
            contact_name=f"Carla {number}", contact_email=f"c{number}@example.com",
        )  # fmt: skip
        answer_as_customer(
            invitation_id=invitation.pk, levels=chosen(levels), texts={"strengths": f"Text {20 + number}"}
        )


def publish(world: VoiceWorld) -> None:
    close_round(actor=world.cast.hr, cycle=world.cycle, component="voices")
    score(world.cast.hr, world.cycle)


def surfaces(world: VoiceWorld, client: Client) -> dict[str, Any]:
    """Everything that HR, who sees most, can read of the agent's 360: pages, REST, exports."""
    client.force_login(world.cast.hr)
    agent = world.cast.agent.pk
    api = "/api/v1/cycles/round"
    addresses = (
        f"{api}/results/{agent}/",
        f"{api}/voices/voices/report/{agent}/",
        f"{api}/voices/voices/raters/{agent}/",
        f"{api}/results/",
        f"{api}/results.ndjson",
        "/cycles/round/results.csv",
        f"/cycles/round/results/{agent}/",
        f"/cycles/round/voices/voices/report/{agent}/",
        f"/cycles/round/voices/voices/raters/{agent}/",
        "/cycles/round/voices/voices/",
        f"{api}/voices/voices/",
    )
    found = {}
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found[address] = answer.json() if answer["Content-Type"].endswith("/json") else body.decode()
    return found


# A1 ---------------------------------------------------------------------------------------------------------------


def small_groups(told: Any) -> Iterator[str]:
    """Units that stand somewhere in a JSON answer with fewer than k raters, or for a group that is too small alone."""
    if isinstance(told, dict):
        if "unit" in told and told["unit"] not in NAMED and (told["n"] < K or told["unit"] == "customers"):
            yield f"{told['unit']} of {told['n']}"
        for item in told.get("items", []) if "unit" in told else []:
            if told["unit"] not in NAMED and item["points"] is not None and item["n"] < K:
                yield f"{told['unit']}:{item['item']} of {item['n']}"
        for value in told.values():
            yield from small_groups(value)
    elif isinstance(told, list):
        for value in told:
            yield from small_groups(value)


def test_a1_small_groups_are_merged_before_anything_is_computed(world: VoiceWorld, client: Client) -> None:
    hear(world)
    publish(world)
    told = surfaces(world, client)
    units = told[f"/api/v1/cycles/round/voices/voices/report/{world.cast.agent.pk}/"]["units"]
    assert {each["unit"]: each["n"] for each in units} == {
        "self": 1, "superior": 1, "peers": 6, "subordinates+customers": 5,
    }  # fmt: skip
    assert not [leak for answer in told.values() for leak in small_groups(answer)]
    # Nor does the database know any more who of the merged unit is which.
    assert set(VoiceAnswer.objects.values_list("unit", flat=True)) == {each["unit"] for each in units}
    # The means of the small groups alone stand nowhere, in no decimals that anybody would print.
    for group in (range(6, 9), None):
        levels = [HEARD[place] for place in group] if group else list(CUSTOMERS)
        mean = float(np.mean([level[0] for level in levels])) * WORTH
        assert not any(re.search(rf"\b{mean:.6f}\b", str(answer)) for answer in told.values())
    assert list(small_groups([{"unit": "customers", "n": 2, "items": []}])) == ["customers of 2"]
    assert list(
        small_groups({"a": [{"unit": "peers", "n": 6, "items": [{"item": "x", "points": 1.0, "n": 4}]}]})
    )


# A2 ---------------------------------------------------------------------------------------------------------------


def hidden_raters() -> list[tuple[str, tuple[int, ...]]]:
    """[(unit, levels)] of everybody who is not named."""
    return [
        *(("peers", HEARD[place]) for place in range(6)),
        *(("subordinates+customers", HEARD[place]) for place in range(6, 9)),
        *(("subordinates+customers", levels) for levels in CUSTOMERS),
    ]


def published_rows(units: list[dict[str, Any]], raters: list[Any]) -> tuple[Any, Any]:
    """(matrix, values): what each published mean says of the unknowns, one for each hidden rater and item. Checked
    against the truth, so a row is what it claims to be. What is published further (scores of units, the overall score,
    gaps, ranks) is computed from these and the named ones, and adds no row."""
    rows, values = [], []
    for unit in units:
        if unit["unit"] in NAMED:
            continue
        members = [place for place, (name, _levels) in enumerate(raters) if name == unit["unit"]]
        for item in unit["items"]:
            row = np.zeros((len(raters), len(ITEMS)))
            row[members, ITEMS.index(item["item"])] = 1 / item["n"]
            rows.append(row.ravel())
            values.append(item["points"])
    matrix, told = np.array(rows), np.array(values)
    truth = np.array([levels for _unit, levels in raters], dtype=float).ravel() * WORTH
    assert np.allclose(matrix @ truth, told, atol=1e-6)
    return matrix, told


def isolated(matrix: Any, raters: int) -> tuple[int, ...] | None:
    """A set of fewer than k raters about whom alone the published numbers say something; None when there is none.

    A combination of rows that is zero outside the set exists just when leaving out the set's columns loses rank."""
    whole = np.linalg.matrix_rank(matrix)
    columns = matrix.reshape(len(matrix), raters, -1)
    for few in itertools.combinations(range(raters), K - 1):
        others = np.delete(columns, few, axis=1).reshape(len(matrix), -1)
        if np.linalg.matrix_rank(others) < whole:
            return few
    return None


def test_a2_a_solver_isolates_no_group_smaller_than_k(world: VoiceWorld, client: Client) -> None:
    hear(world)
    publish(world)
    agent = world.cast.agent.pk
    told = surfaces(world, client)
    report = told[f"/api/v1/cycles/round/voices/voices/report/{agent}/"]
    raters = hidden_raters()
    matrix, values = published_rows(report["units"], raters)
    assert isolated(matrix, len(raters)) is None
    # All other numbers follow from these and the named ones: nothing else of the answers entered them.
    explained = told[f"/api/v1/cycles/round/results/{agent}/"]
    weights = {"superior": 40.0, "peers": 30.0, "subordinates+customers": 30.0}
    scores = {
        unit["unit"]: sum(
            share * item["points"] for share, item in zip((0.4, 0.3, 0.3), unit["items"], strict=True)
        )
        for unit in report["units"]
    }
    overall = sum(weights[unit] * scores[unit] for unit in weights) / 100
    assert explained["score"] == pytest.approx(overall, abs=2e-6)
    # Nor do bounds and whole levels pin anybody down: each answer may still be a level more or less.
    for place in range(len(raters) * len(ITEMS)):
        ends = []
        for sign in (1, -1):
            aim = np.zeros(matrix.shape[1])
            aim[place] = sign
            found = linprog(
                aim,
                A_ub=np.vstack([matrix, -matrix]),
                b_ub=np.concatenate([values + 5e-7, 5e-7 - values]),
                bounds=(WORTH, 5 * WORTH),
            )
            ends.append(sign * found.fun)
        assert ends[1] - ends[0] >= WORTH
    # Planted: the mean of the two customers beside that of their unit, and one of everybody but one.
    leak = np.zeros((len(raters), len(ITEMS)))
    leak[-2:, 0] = 0.5
    assert isolated(np.vstack([matrix, leak.ravel()]), len(raters)) is not None
    but_one = np.zeros((len(raters), len(ITEMS)))
    but_one[1:6, 0] = 0.2
    assert isolated(np.vstack([matrix, but_one.ravel()]), len(raters)) is not None


def test_a1_and_a2_bite_when_the_closing_keeps_a_small_group(
    world: VoiceWorld, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted in the product: each group is reported as it is, and the database looks away."""
    hear(world)
    plain = voice_rounds.sifted
    monkeypatch.setattr(
        voice_rounds, "reporting_units", lambda counts, **_rule: {group: (group,) for group in counts}
    )
    monkeypatch.setattr(
        voice_rounds, "sifted", lambda drafts, component, _minimum, known: plain(drafts, component, 1, known)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE reviews_voiceanswer DISABLE TRIGGER USER")
    publish(world)
    told = surfaces(world, client)
    assert {leak for answer in told.values() for leak in small_groups(answer)} >= {
        "subordinates of 3",
        "customers of 2",
    }
    report = told[f"/api/v1/cycles/round/voices/voices/report/{world.cast.agent.pk}/"]
    raters = [
        *(("peers", HEARD[place]) for place in range(6)),
        *(("subordinates", HEARD[place]) for place in range(6, 9)),
        *(("customers", levels) for levels in CUSTOMERS),
    ]
    matrix, _values = published_rows(report["units"], raters)
    assert isolated(matrix, len(raters)) is not None


# A3 ---------------------------------------------------------------------------------------------------------------


def units_of(world: VoiceWorld) -> dict[str, dict[str, Any]]:
    """What a publication says of each unit that hides people, number by number, and its texts."""
    cycle = Cycle.objects.get(pk=world.cycle.pk)
    result = Result.objects.get(run=cycle.published_run, employee=world.cast.agent)
    report = voice_report(result, cycle, cycle.configuration["components"][0])
    return {
        unit["unit"]: {"n": unit["n"], "said": (unit, report.comments)}
        for unit in report.units
        if unit["unit"] not in NAMED
    }


def told_by_too_few(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Units of which two publications differ by fewer than k raters."""
    return [
        unit
        for unit in before.keys() | after.keys()
        if before.get(unit) != after.get(unit)
        and after.get(unit, {"n": 0})["n"] - before.get(unit, {"n": 0})["n"] < K
    ]


def test_a3_between_two_publications_stand_k_raters_or_none(world: VoiceWorld) -> None:
    world.ask("peers", world.colleagues[9:])
    world.answer_all({place: HEARD[place] for place in range(6)}, texts={0: "Early"})
    publish(world)
    before = units_of(world)
    reopen_round(actor=world.cast.hr, cycle=world.cycle, component="voices", reason="One was on leave")
    world.answer_all({9: HEARD[6]}, texts={9: "Late"})
    publish(world)
    assert units_of(world) == before
    # Planted: the late answer is kept alone, past the service and past the database.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE reviews_voiceanswer DISABLE TRIGGER USER")
    late = VoiceAnswer.objects.filter(unit="peers")[0]
    VoiceAnswer.objects.create(
        round=late.round, participant=late.participant, unit="peers", points=[20.0] * len(ITEMS), score=20.0
    )
    score(world.cast.hr, world.cycle)
    assert told_by_too_few(before, units_of(world)) == ["peers"]


# A4 ---------------------------------------------------------------------------------------------------------------


def doors_to_a_lower_k(world: VoiceWorld, client: Client) -> list[str]:
    """Every way to lower k that anybody, an operator included, could try after the first answer; those that opened."""
    path = "cycles/round/voices/voices/do/minimum/"
    lower = {"minimum": K - 1, "reason": "Few answers"}
    work = {"actor": world.cast.hr, "cycle": world.cycle, "component": "voices"}
    client.force_login(world.cast.hr)

    def in_sql() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE reviews_voiceround SET minimum = %s", [K - 1])

    def in_the_configuration() -> None:
        document = copy.deepcopy(Cycle.objects.get(pk=world.cycle.pk).configuration)
        document["components"][0]["minimum_group"] = K - 1
        edit_configuration(
            actor=world.cast.hr, cycle=world.cycle, configuration=document, version=world.cycle.version
        )

    ways: dict[str, Callable[[], Any]] = {
        "service": lambda: set_minimum(**work, minimum=K - 1, reason="Few answers"),
        "page": lambda: client.post(f"/{path}", lower),
        "API": lambda: client.post(f"/api/v1/{path}", lower, content_type="application/json"),
        "ORM": lambda: VoiceRound.objects.update(minimum=K - 1),
        "SQL": in_sql,
        "configuration": in_the_configuration,
    }
    opened = []
    for name, way in ways.items():
        with contextlib.suppress(DatabaseError, Refusal), transaction.atomic():
            way()
        if VoiceRound.objects.get().minimum < K:
            opened.append(name)
            VoiceRound.objects.update(minimum=K)
    frozen = Cycle.objects.get(pk=world.cycle.pk).configuration["components"][0]
    return opened + (["frozen configuration"] if frozen["minimum_group"] < K else [])


def test_a4_k_is_lowered_by_nobody_after_an_answer(world: VoiceWorld, client: Client) -> None:
    world.answer(world.colleagues[0], HEARD[0])
    assert doors_to_a_lower_k(world, client) == []
    # Planted: without its trigger the database lets it happen.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE reviews_voiceround DISABLE TRIGGER USER")
    assert doors_to_a_lower_k(world, client) == ["ORM", "SQL"]


# A5 ---------------------------------------------------------------------------------------------------------------

ANONYMOUS = (VoiceDraft, VoiceAnswer, VoiceComment)


def traces_of(model: type[models.Model]) -> list[str]:
    """What in a table could lead to a rater: times, counted numbers, people, a trail."""
    found = [
        f"{field.name} is a time"
        for field in model._meta.concrete_fields
        if isinstance(field, (models.DateField, models.TimeField))
    ]
    found += [
        f"{field.name} counts up"
        for field in model._meta.concrete_fields
        if isinstance(field, models.AutoField | models.BigAutoField)
    ]
    found += [
        f"{field.name} leads to {field.related_model._meta.label}"
        for field in model._meta.concrete_fields
        if field.related_model is not None
        and field.related_model._meta.label not in ("reviews.VoiceRound", "reviews.Participant")
    ]
    found += [
        f"{each._meta.label} is its trail"
        for each in apps.get_models()
        if getattr(each, "pgh_tracked_model", None) is model
    ]
    return found


def tables_with(text: str) -> set[str]:
    """Every table in which the text stands somewhere."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            quoted = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {quoted} AS row WHERE row::text LIKE %s)", [f"%{text}%"]
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def in_order(found: list[str], known: list[str]) -> bool:
    """Whether a list follows an order that somebody could know."""
    wanted = [each for each in known if each in found]
    return found in (wanted, wanted[::-1])


def stored_rows(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}::text FROM {table} ORDER BY ctid")
        return [row[0] for row in cursor.fetchall()]


def test_a5_no_time_number_order_trail_or_mail_ties_a_text_to_a_rater(
    world: VoiceWorld, client: Client
) -> None:
    for model in ANONYMOUS:
        assert traces_of(model) == []
    # Planted: a table with all of it is found out.
    assert {each.split()[-1] for each in traces_of(VoiceInvitation)} >= {"people.User", "trail", "up"}
    assert "expires_on is a time" in traces_of(VoiceInvitation)

    def events() -> int:
        """Rows of the whole trail and its contexts."""
        trail = [each for each in apps.get_models() if hasattr(each, "pgh_tracked_model")]
        return sum(each._default_manager.count() for each in trail) + len(
            stored_rows("pghistory_context", "id")
        )

    [first] = VoiceInvitation.objects.filter(
        participant=world.part(), rater=world.colleagues[0], state="approved"
    )
    before = events()
    client.force_login(world.colleagues[0])
    page = f"/voices/{first.pk}/"
    form = {f"level-{item}": str(level) for item, level in zip(ITEMS, HEARD[0], strict=True)}
    assert (
        client.post(
            page, {**form, "text-strengths": "Text 00", "version": "0", "action": "submit"}
        ).status_code
        == 302
    )
    assert events() == before, "answering is on the trail"
    api = client.put(
        f"/api/v1/voices/{first.pk}/",
        {"levels": chosen(HEARD[0]), "texts": {"strengths": "Text 00"}, "version": 1},
        content_type="application/json",
        headers={"Idempotency-Key": "kept"},
    )
    assert api.status_code == 200
    assert events() == before
    assert tables_with("Text 00") == {"reviews_voicedraft"}

    for place in range(1, 9):
        world.answer(world.colleagues[place], HEARD[place], strengths=f"Text {place:02d}")
    came = [f"Text {place:02d}" for place in range(6)]
    key, mailed = (
        draft_key(VoiceInvitation.objects.select_related("round").get(pk=first.pk)),
        len(mail.outbox),
    )
    publish(world)

    # Three subordinates are too few and nobody to merge with: their texts are gone, not hidden.
    assert sorted(stored_rows("reviews_voicecomment", "text")) == came
    assert tables_with("Text 06") == set()
    assert tables_with("Text 00") == {"reviews_voicecomment"}
    assert tables_with(key) == set()
    assert len(mail.outbox) == mailed
    # One transaction, one moment: no row is older than another.
    for table in ("reviews_voiceanswer", "reviews_voicecomment"):
        assert len(set(stored_rows(table, "xmin"))) == 1
    # Neither the rows nor what is shown stand in an order that anybody knows. By chance: once in 360.
    shown = surfaces(world, client)[f"/api/v1/cycles/round/voices/voices/report/{world.cast.agent.pk}/"]
    texts = shown["comments"]["strengths"]["peers"]
    assert sorted(texts) == came
    assert not (in_order(texts, came) and in_order(stored_rows("reviews_voicecomment", "text"), came))
    assert in_order(came, came)
    assert in_order(came[::-1], came)
    # The link does not exist any more, for the product itself neither.
    assert VoiceRound.objects.get().secret is None
    assert not VoiceDraft.objects.exists()
    with pytest.raises(Refusal, match="closed"):
        draft_key(VoiceInvitation.objects.select_related("round").get(pk=first.pk))


def test_a5_bites_when_texts_are_stored_as_they_came(
    world: VoiceWorld, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted in the product: no shuffling, and ids that count up. Drafts have random keys, so even then only a copy in
    the order of answering tells; that is planted with it."""

    class InOrder:
        def shuffle(self, rows: Any) -> None:
            rows.sort()

        def permutation(self, size: int) -> Any:
            return np.arange(size)

    came = [f"Text {place:02d}" for place in range(6)]
    for place in range(6):
        world.answer(world.colleagues[place], HEARD[place], strengths=came[place])
    plain, ids = voice_rounds.sifted, itertools.count()
    monkeypatch.setattr(voice_rounds.np.random, "default_rng", lambda *_seed: InOrder())
    monkeypatch.setattr(voice_rounds.uuid, "uuid4", lambda: uuid.UUID(int=next(ids)))
    monkeypatch.setattr(
        voice_rounds,
        "sifted",
        lambda drafts, *rest: plain(
            drafts.sort_values("texts", key=lambda column: column.map(str), ignore_index=True), *rest
        ),
    )
    publish(world)
    shown = surfaces(world, client)[f"/api/v1/cycles/round/voices/voices/report/{world.cast.agent.pk}/"]
    assert in_order(shown["comments"]["strengths"]["peers"], came)
    assert in_order(stored_rows("reviews_voicecomment", "text"), came)


def test_a5_pending_lists_say_how_many_not_who(world: VoiceWorld, client: Client) -> None:
    """Who has answered stands in nothing that HR or an auditor reads: the same answers before and after one comes in,
    but for the counts of groups of at least k."""
    world.answer(world.colleagues[0], HEARD[0])

    def lists() -> dict[str, str]:
        found = {}
        for person in (world.cast.hr, world.cast.auditor, world.cast.manager):
            client.force_login(person)
            for address in (
                f"/api/v1/cycles/round/voices/voices/raters/{world.cast.agent.pk}/",
                f"/cycles/round/voices/voices/raters/{world.cast.agent.pk}/",
            ):
                body = client.get(address).content.decode()
                found[f"{person.login} {address}"] = re.sub(
                    r"csrf\S* value=\S+|\b[A-Za-z0-9]{64}\b", "", body
                )
        return found

    before = lists()
    world.answer(world.colleagues[1], HEARD[1])  # of six peers
    world.answer(world.colleagues[6], HEARD[6])  # of three subordinates
    assert lists() == before
    client.force_login(world.cast.hr)
    told = client.get("/api/v1/cycles/round/voices/voices/").json()
    [mine] = [each for each in told["employees"] if each["employee"] == world.cast.agent.pk]
    counts = {each["group"]: each["answered"] for each in mine["groups"]}
    assert counts["peers"] == 2
    assert counts["subordinates"] is None
    # Planted: a list that named them would differ.
    VoiceInvitation.objects.filter(rater=world.colleagues[2]).update(reason="has answered")
    assert lists() != before
