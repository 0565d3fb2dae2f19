"""A published result opened down to its inputs. Other people appear only as counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from metrics.models import GroupValue, KPIValue
from reviews.methods.behaviour import SUBJECT, BehaviourMethod
from reviews.methods.bonus import counted_points
from reviews.methods.document import component_of
from reviews.methods.multisource import MultisourceMethod
from reviews.methods.objectives import OBJECTIVE
from reviews.methods.overall import OVERALL, POINTS
from reviews.methods.paired import is_paired
from reviews.methods.parts import item_of, part_subject, sheet_of
from reviews.methods.ranking import HEAD, RankingMethod, standing_lines
from reviews.methods.rating_scale import COMMENT_ITEM, level_key, level_texts
from reviews.methods.red_lines import RED_LINE, red_line_of
from reviews.methods.scorecard import (
    OBJECTIVES,
    PERSPECTIVE,
    SITE,
    TEAM,
    ScorecardMethod,
    is_of_person,
    line_subject,
)
from reviews.methods.targets import has_targets, target_parts
from reviews.models import (
    ComponentScore,
    Cycle,
    Judgement,
    Participant,
    Result,
    ResultAdjustment,
    ScoreLine,
    ScoreSheet,
)
from reviews.selectors.corrections import base_of, corrections_of
from reviews.selectors.group_values import group_of, group_values
from reviews.selectors.incidents import incident_facts
from reviews.selectors.objective_lines import add_objective_lines
from reviews.selectors.rating_groups import rating_group_of
from reviews.selectors.voice_reports import voice_units


def explanation_of(
    result: Result,
    cycle: Cycle,
    *,
    show_rank: bool = True,
    own: bool = False,
    participant: Participant | None = None,
) -> dict[str, Any]:
    """Everything that a recomputation needs, as plain JSON-able values; about ten queries, one less with the
    participant (with team, job and site).

    Keys: cycle, period, run, employee, score, standard_error, state, rating, rank, percentile, rank_low, rank_high,
    standing, configuration (frozen), components [{code, score, standard_error, n, weight, effective_weight, lines}],
    adjustments, corrections [{id, appeal, component, subject, before, score, reason, decided_at}] of accepted appeals,
    cohort {kind, size, above, equal, below, apart_above, apart_below, mean, mean_error}, computed_rating
    (before calibration), rating_group (see rating_group_of). A line has subject, value, target, weight,
    effective_weight, attainment, points, n, standard_error, rule; a KPI's also inputs {"sum(m)": x},
    value_standard_error. A ranking's component has also standing: what its lines say of the cohort; a scorecard's has
    perspectives, and card: whose it is. Without show_rank,
    what speaks of the overall rank and its cohort is None: a cycle that does not show ranks does not show them here
    either. `own` hides what HR does not share with the person.
    """
    if participant is None:
        participant = Participant.everyone.select_related("team", "job", "site").get(
            cycle=cycle, employee=result.employee_id
        )
    scores = {
        each.component: each
        for each in ComponentScore.objects.filter(run=result.run_id, employee_id=result.employee_id)
    }
    lines: dict[str, list[ScoreLine]] = defaultdict(list)
    for line in ScoreLine.objects.filter(run=result.run_id, employee_id=result.employee_id).order_by(
        "component", "number"
    ):
        lines[line.component].append(line)
    # Appeals change points, never what was measured: a run of corrections keeps no values of its own.
    values = {
        value.kpi_version_id: value
        for value in KPIValue.objects.filter(run=base_of(result.run), employee_id=result.employee_id)
    }
    comments = _comments(participant)
    person = facts_of(participant)
    components = [
        _component(
            cycle,
            component,
            scores.get(component["code"]),
            lines[component["code"]],
            values_behind(component, participant, result, values),
            comments,
            person,
        )
        for component in cycle.configuration["components"]
    ]
    _add_incidents(components, cycle)
    add_objective_lines(components, values)
    _add_parts(components)
    _finish_cards(components, cycle, participant)
    return {
        "cycle": cycle.code,
        "period": {"first_day": cycle.first_day.isoformat(), "last_day": cycle.last_day.isoformat()},
        "run": str(result.run_id),
        "employee": {
            "id": result.employee_id,
            "number": result.employee.employee_number,
            "name": result.employee.name,
            "team": participant.team.code,
            "job": participant.job.code,
            "days_in_role": participant.days_in_role,
            "days_in_period": participant.days_in_period,
        },
        "score": result.score,
        "standard_error": result.standard_error,
        "state": result.state,
        "rating": result.rating,
        # By the rule alone; runs from before it was kept had nothing but the rating.
        "computed_rating": result.computed_rating or result.rating,
        "rating_group": rating_group_of(result, cycle, show_rank=show_rank),
        "rank": result.rank if show_rank else None,
        "percentile": result.percentile if show_rank else None,
        "rank_low": result.rank_low if show_rank else None,
        "rank_high": result.rank_high if show_rank else None,
        "standing": result.standing if show_rank else "",
        "fingerprint": cycle.fingerprint,
        "configuration": cycle.configuration,
        "components": components,
        "adjustments": _applied(lines[OVERALL], own),
        "corrections": corrections_of(result.run, cycle, [result.employee_id]).get(result.employee_id, []),
        "red_lines": _crossed(lines[OVERALL], cycle),
        "cohort": _cohort(result, cycle) if show_rank else None,
    }


def _component(
    cycle: Cycle,
    component: dict[str, Any],
    score: ComponentScore | None,
    lines: list[ScoreLine],
    values: Mapping[int, KPIValue | GroupValue],
    comments: dict[tuple[str, str], str],
    person: dict[str, Any],
) -> dict[str, Any]:
    versions = {
        line_subject(component, item["kpi"]): item["version"]["id"] for item in component.get("kpis", [])
    }
    more: dict[str, Any] = {}
    if component["method"] == RankingMethod.code:
        more = {"standing": ranked(component, lines)}
    elif component["method"] == ScorecardMethod.code:
        more = {"perspectives": perspectives_of(component, lines)}
        lines = [line for line in lines if not line.subject.startswith(f"{PERSPECTIVE}:")]
    counted = sum(line.weight for line in lines if line.points is not None)
    if component["method"] == MultisourceMethod.code:
        counted = 0
        more = {"units": voice_units(component, lines)}
    return {
        "code": component["code"],
        "method": component["method"],
        "name": component.get("name", {}),
        "weight": component["weight"],
        "effective_weight": score.weight if score else 0.0,
        "score": score.score if score else None,
        "standard_error": score.standard_error if score else None,
        "n": score.n if score else 0,
        "comment": comments.get((component["code"], COMMENT_ITEM), ""),
        "lines": [
            _line(component, line, counted, values.get(versions.get(line.subject, 0)), comments, person)
            for line in lines
        ],
        **more,
    }


def perspectives_of(component: dict[str, Any], lines: list[ScoreLine]) -> list[dict[str, Any]]:
    """What each perspective of a scorecard gives: {code, name, weight, effective_weight, score, standard_error, n}."""
    told = {line.subject: line for line in lines}
    heads = [(each, told.get(f"{PERSPECTIVE}:{each['code']}")) for each in component["perspectives"]]
    counted = sum(line.weight for _each, line in heads if line is not None and line.points is not None)
    return [
        {
            "code": each["code"],
            "name": each.get("name", {}),
            "weight": each["weight"],
            "effective_weight": round(100 * line.weight / counted, 6)
            if line is not None and line.points is not None
            else 0.0,
            "score": line.points if line is not None else None,
            "standard_error": line.standard_error if line is not None else None,
            "n": line.n if line is not None else 0,
        }
        for each, line in heads
    ]


def _share_weights(component: dict[str, Any], found: dict[str, Any]) -> None:
    """Each line with its perspective, and its weight in the card: that inside its perspective times that of this.

    The entry of a perspective's objectives has its weight in their lines, so that no weight is there twice; `share`
    says what an objective is of that entry.
    """
    under = {line_subject(component, item["kpi"]): item["perspective"] for item in component["kpis"]}
    under |= {f"{OBJECTIVES}:{each['perspective']}": each["perspective"] for each in component["objectives"]}
    shares = {each["code"]: each["effective_weight"] for each in found["perspectives"]}
    inside: dict[str, float] = defaultdict(float)
    agreed: dict[str, float] = defaultdict(float)
    perspective = ""
    for line in found["lines"]:
        perspective = under.get(line["subject"], perspective)
        line["perspective"] = perspective
        if line["points"] is not None:
            if line["subject"] in under:
                inside[perspective] += line["weight"]
            elif line["subject"].startswith(OBJECTIVE):
                agreed[perspective] += line["weight"]
    entry = 0.0
    for line in found["lines"]:
        code = line["perspective"]
        counts = line["points"] is not None
        if line["subject"] in under:
            share = line["weight"] / inside[code] if counts and inside[code] else 0.0
            entry = shares.get(code, 0.0) * share
            is_head = line["subject"].startswith(f"{OBJECTIVES}:")
            line["effective_weight"] = 0.0 if is_head else round(entry, 6)
        elif line["subject"].startswith(OBJECTIVE):
            share = line["weight"] / agreed[code] if counts and agreed[code] else 0.0
            line["share"] = round(100 * share, 6)
            line["effective_weight"] = round(entry * share, 6)


def values_behind(
    component: dict[str, Any], participant: Participant, result: Result, own: dict[int, KPIValue]
) -> Mapping[int, KPIValue | GroupValue]:
    """The values that a component was computed from: the person's, or those of the team, site or company."""
    if is_of_person(component):
        return own
    subject = component["subject"]
    return group_values(result.run_id, subject, group_of(participant, subject))


def _finish_cards(components: list[dict[str, Any]], cycle: Cycle, participant: Participant) -> None:
    """Of each scorecard the weights of its lines, and whose card it is: {subject, code, name}."""
    for entry, component in zip(cycle.configuration["components"], components, strict=True):
        if component["method"] != ScorecardMethod.code:
            continue
        _share_weights(entry, component)
        place = {TEAM: participant.team, SITE: participant.site}.get(entry["subject"])
        component["card"] = {
            "subject": entry["subject"],
            "code": place.code if place else "",
            "name": {"zh": place.name_zh, "en": place.name_en} if place else {},
        }


def ranked(component: dict[str, Any], lines: list[ScoreLine]) -> dict[str, Any]:
    """Where a ranking places the person: {cohort, size, rank, rank_low, rank_high, word, mean, mean_error, above,
    equal, apart_above, apart_below}; no rank where there is none, and word is then the reason."""
    by_subject = {
        line.subject: {"value": line.value, "standard_error": line.standard_error, "n": line.n}
        for line in lines
    }
    head = next((line for line in lines if line.subject == HEAD), None)
    if head is None:
        return {}
    found = standing_lines(by_subject)
    told = found["apart_above"] is not None
    return {
        **found,
        "cohort": component["cohort"],
        "size": head.n,
        "rank": None if head.value is None else int(head.value),
        "rank_low": int(found["apart_above"]) + 1 if told else None,
        "rank_high": head.n - int(found["apart_below"]) if told else None,
        "word": head.rule,
    }


def _line(
    component: dict[str, Any],
    line: ScoreLine,
    counted: float,
    value: KPIValue | GroupValue | None,
    comments: dict[tuple[str, str], str],
    person: dict[str, Any],
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": line.number,
        "subject": line.subject,
        "value": line.value,
        "target": line.target,
        "weight": line.weight,
        # The weights of lines that do not count are shared by those that do, in proportion.
        "effective_weight": round(100 * line.weight / counted, 6)
        if counted and line.points is not None
        else 0.0,
        "attainment": line.attainment,
        "points": line.points,
        "n": line.n,
        "standard_error": line.standard_error,
        "rule": line.rule,
    }
    if component.get("kpis") or component["method"] == RankingMethod.code:
        found["inputs"] = value.inputs if value else {}
        found["value_standard_error"] = value.standard_error if value else None
        entry: dict[str, Any] = next(
            (
                each
                for each in component.get("kpis", [])
                if line_subject(component, each["kpi"]) == line.subject
            ),
            {},
        )
        if has_targets(entry):
            found["person"] = person
            found["target_parts"] = target_parts(entry, person)
    elif not is_paired(component):
        item: dict[str, Any] = next(
            (each for each in component.get("items", []) if each["code"] == item_of(line.subject)), {}
        )
        key = level_key(line.value) if line.value is not None else ""
        found["descriptions"] = level_texts(item, key)
        found["comment"] = comments.get((component["code"], line.subject), "")
    return found


def facts_of(participant: Participant) -> dict[str, Any]:
    """What the target table knows of the person, as it stood at launch."""
    return {
        "job": participant.job.code,
        "queue": participant.queue,
        "role_since": participant.role_since.isoformat() if participant.role_since else None,
        "role_until": participant.role_until.isoformat() if participant.role_until else None,
    }


def _add_incidents(components: list[dict[str, Any]], cycle: Cycle) -> None:
    """What each incident of a behavioural record was; one query where there is such a line."""
    noted = {
        int(line["subject"].removeprefix(SUBJECT)): line
        for component in components
        if component["method"] == BehaviourMethod.code
        for line in component["lines"]
        if line["subject"].startswith(SUBJECT)
    }
    facts = incident_facts(noted, cycle.last_day) if noted else {}
    for pk, line in noted.items():
        line["incident"] = facts[pk]


def _add_parts(components: list[dict[str, Any]]) -> None:
    """Whose part of the period a line speaks of: {sheet, rater, first_day, last_day, days}; one query where there is
    such a line."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for component in components:
        for line in component["lines"]:
            if (sheet := sheet_of(line["subject"])) is not None:
                found[sheet].append(line)
    if not found:
        return
    for each in ScoreSheet.objects.filter(pk__in=found).select_related("rater"):
        for line in found[each.pk]:
            line["part"] = {
                "sheet": each.pk,
                "rater": each.rater.name,
                "first_day": each.first_day.isoformat() if each.first_day else None,
                "last_day": each.last_day.isoformat() if each.last_day else None,
                "days": each.days,
            }


def _comments(participant: Participant) -> dict[tuple[str, str], str]:
    """{(component, item): comment} of submitted forms."""
    judgements = Judgement.objects.filter(
        sheet__participant=participant, sheet__state=ScoreSheet.State.SUBMITTED
    ).exclude(comment="")
    found: dict[tuple[str, str], str] = {}
    told = judgements.order_by("sheet").values_list("sheet__component", "item", "comment", "sheet")
    for component, item, comment, sheet in told:
        # By form, too: of several managers each said something to the own part.
        found[component, part_subject(item, sheet)] = comment
        known = found.get((component, item))
        found[component, item] = f"{known}\n{comment}" if known else comment
    return found


def _applied(lines: list[ScoreLine], own: bool) -> list[dict[str, Any]]:
    """The adjustments that this run applied, in order; later ones belong to later runs. Oneself reads the reason of a
    calibration only where HR shares it."""
    subjects = [line.subject.partition(":") for line in lines]
    ids = [int(number) for kind, _colon, number in subjects if kind == "adjustment"]
    found = ResultAdjustment.objects.in_bulk(ids) if ids else {}
    return [
        {
            "id": each.pk,
            "kind": each.kind,
            "points": each.points,
            "rating": each.rating,
            "item": each.item,
            "reason": each.reason
            if each.is_shared or not own or each.kind != ResultAdjustment.Kind.RATING
            else "",
            "evidence": each.evidence,
            "reverses": each.reverses_id,
            "created_at": each.created_at.isoformat(),
        }
        for each in (found[pk] for pk in ids)
    ]


def _crossed(lines: list[ScoreLine], cycle: Cycle) -> list[dict[str, Any]]:
    """The red lines that were crossed, with the value that crossed them."""
    found = []
    for line in lines:
        kind, _colon, code = line.subject.partition(":")
        configured = red_line_of(cycle.configuration, code) if kind == RED_LINE else None
        if configured is not None:
            found.append(
                {"code": code, "cap": configured["cap"], "kind": configured["kind"], "value": line.value}
            )
    return found


def _cohort(result: Result, cycle: Cycle) -> dict[str, Any]:
    """How many of the cohort have a score, stand above, beside and below this one, and can be told apart from it; its
    mean and the error of that. One query, no names.

    The others are those of the released run: nobody's place falls because somebody else's appeal was accepted."""
    kind = cycle.configuration.get("cohort", "cycle")
    among = Result.objects.filter(run=base_of(result.run), cohort=result.cohort, score__isnull=False).exclude(
        employee=result.employee_id
    )
    none = {"apart_above": None, "apart_below": None, "mean": None, "mean_error": None}
    if not result.cohort:
        return {"kind": kind, "size": 0, "above": 0, "equal": 0, "below": 0, **none}
    if result.score is None:
        return {"kind": kind, "size": among.count(), "above": 0, "equal": 0, "below": 0, **none}
    counts = among.aggregate(
        size=Count("pk"),
        above=Count("pk", filter=Q(score__gt=result.score)),
        equal=Count("pk", filter=Q(score=result.score)),
        below=Count("pk", filter=Q(score__lt=result.score)),
    )
    counts["size"] += 1
    counts["equal"] += 1
    told = result.rank_low is not None and result.rank_high is not None
    return {
        "kind": kind,
        **counts,
        "apart_above": result.rank_low - 1 if told else None,  # type: ignore[operator]
        "apart_below": counts["size"] - result.rank_high if told else None,
        "mean": result.cohort_mean,
        "mean_error": result.cohort_mean_error,
    }


def points_applied(run_id: UUID, employee_id: int, configuration: dict[str, Any]) -> float:
    """The bonus and penalty points that count in a run."""
    entries = _applied(list(_overall_lines(run_id, employee_id)), own=False)
    return float(
        counted_points(
            [(each["item"], each["points"]) for each in entries if each["kind"] == POINTS], configuration
        )
    )


def red_lines_of_result(run_id: UUID, employee_id: int, cycle: Cycle) -> list[dict[str, Any]]:
    """Those crossed in a run: [{code, cap, kind, value}]."""
    return _crossed(list(_overall_lines(run_id, employee_id)), cycle)


def _overall_lines(run_id: UUID, employee_id: int) -> QuerySet[ScoreLine]:
    return ScoreLine.objects.filter(run=run_id, employee_id=employee_id, component=OVERALL).order_by("number")


def kpi_item(cycle: Cycle, component: str, subject: str) -> dict[str, Any]:
    """The frozen entry of a KPI line: its version, scoring, target, floor, cap, bands."""
    entry = component_of(cycle.configuration, component) or {}
    return next((item for item in entry.get("kpis", []) if item["kpi"] == subject), {})
