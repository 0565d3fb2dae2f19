"""Writing the target table. What once stood in it stays: an edit is a new edition, and cycles keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import TargetEdition, TargetRow
from metrics.services.authority import require_hr
from metrics.services.target_lines import InvalidTargets, Known, TargetLine, check_lines, load_known
from people.models import User

LONGEST_REASON = 400


@transaction.atomic
def save_targets(
    *, actor: User | None, lines: Sequence[TargetLine], version: int, reason: str = ""
) -> TargetEdition | None:
    """The whole table as it shall be. Nothing changes when it says that already; None where it was and stays empty.

    version   number of the edition that the editor saw, 0 for none
    Refusals  metrics_hr_only (403), targets_stale (409) when somebody else saved meanwhile, targets_invalid (422) with
              every cell at fault.
    """
    require_hr(actor)
    if len(reason) > LONGEST_REASON:
        raise Refusal("target_reason", field="reason", status=422, limit=LONGEST_REASON)
    # Two who save at once queue here; the second then finds a newer edition than the one it saw.
    last = TargetEdition.objects.select_for_update().order_by("-number").first()
    if last is not None:
        last = TargetEdition.objects.order_by("-number").first()
    number = last.number if last else 0
    if number != version:
        raise Refusal("targets_stale", field="version", status=409)
    known = load_known()
    errors = check_lines(lines, known)
    if errors:
        raise InvalidTargets(errors)
    if list(lines) == (lines_of(last) if last else []):
        return last
    with recording(actor=actor, reason=reason):
        try:
            with transaction.atomic():
                edition = TargetEdition.objects.create(number=number + 1, reason=reason, created_by=actor)
        except IntegrityError as error:
            raise Refusal("targets_stale", field="version", status=409) from error
        TargetRow.objects.bulk_create(
            [_row(edition, position, line, known) for position, line in enumerate(lines)], batch_size=2_000
        )
    return edition


@transaction.atomic
def merge_targets(
    *, actor: User | None, lines: Sequence[TargetLine], reason: str = ""
) -> tuple[TargetEdition | None, dict[str, int]]:
    """Rows for whom and when there is one already replace it, the others are added; what is not named stays.

    Returns the edition in force and {"new", "changed", "unchanged"}. Refusals as in save_targets.
    """
    require_hr(actor)
    last = TargetEdition.objects.order_by("-number").first()
    before = lines_of(last) if last else []
    merged, counts = merged_lines(before, lines)
    edition = save_targets(actor=actor, lines=merged, version=last.number if last else 0, reason=reason)
    return edition, counts


def merged_lines(
    before: Sequence[TargetLine], lines: Sequence[TargetLine]
) -> tuple[list[TargetLine], dict[str, int]]:
    places = {line.key: place for place, line in enumerate(before)}
    merged = list(before)
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    for line in lines:
        place = places.get(line.key)
        if place is None:
            places[line.key] = len(merged)
            merged.append(line)
            counts["new"] += 1
        elif merged[place] == line:
            counts["unchanged"] += 1
        else:
            merged[place] = line
            counts["changed"] += 1
    return merged, counts


def lines_of(edition: TargetEdition) -> list[TargetLine]:
    """One query."""
    return [line_of(row) for row in edition.rows.select_related("kpi", "job")]


def line_of(row: TargetRow) -> TargetLine:
    return TargetLine(
        kpi=row.kpi.code,
        job=row.job.code if row.job else "",
        queue=row.queue,
        tenure_from=row.tenure_from,
        tenure_to=row.tenure_to,
        month_from=row.month_from,
        month_to=row.month_to,
        target=row.target,
        ramp=tuple(Decimal(str(share)) for share in row.ramp),
    )


def _row(edition: TargetEdition, position: int, line: TargetLine, known: Known) -> TargetRow:
    return TargetRow(
        edition=edition,
        position=position,
        kpi=known.kpis[line.kpi].kpi,
        job=known.jobs[line.job] if line.job else None,
        queue=line.queue,
        tenure_from=line.tenure_from,
        tenure_to=line.tenure_to,
        month_from=line.month_from,
        month_to=line.month_to,
        target=line.target,
        ramp=[float(share) for share in line.ramp],
    )
