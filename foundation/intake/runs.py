"""Checking a large file and storing any file, as durable runs of one shard: whole or not at all."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.intake import kinds, services
from foundation.intake.models import Import
from foundation.intake.selectors import may_import
from foundation.runs.models import Run
from foundation.runs.registry import RunHandler


def import_id(run: Run) -> int:
    return int(run.scope.removeprefix("import:"))


def _record(run: Run) -> Import:
    return (
        Import.objects.select_for_update(of=("self",))
        .select_related("upload", "created_by")
        .get(pk=import_id(run))
    )


class ImportRun(RunHandler):
    def may_steer(self, run: Run, user: Any) -> bool:
        """Whoever may do imports of that kind, as when it was started."""
        kind = Import.objects.filter(pk=import_id(run)).values_list("kind", flat=True).first()
        handler = kinds.find(kind or "")
        return handler is not None and may_import(user, handler)

    def title(self, run: Run) -> str:
        name = Import.objects.filter(pk=import_id(run)).values_list("upload__name", flat=True).first()
        return f"{self.label}: {name}" if name else str(self.label)

    def url(self, run: Run) -> str:
        return reverse("intake:detail", args=[import_id(run)])


class CheckRun(ImportRun):
    kind = services.CHECK_RUN
    label = gettext_lazy("Checking a file")
    stages = ("check",)

    def work(self, run: Run, stage: str, key: dict) -> None:
        record = _record(run)
        if record.state == Import.State.CHECKING:
            services.perform_check(record, kinds.get(record.kind))

    def doing(self, run: Run) -> str:
        return _("Reading and checking every row") if run.state == run.State.RUNNING else super().doing(run)

    def fail(self, run: Run) -> None:
        services.end_in(import_id(run), Import.State.DRAFT, run=run)

    def stop(self, run: Run) -> None:
        services.end_in(import_id(run), Import.State.DRAFT)

    def restart(self, run: Run) -> None:
        Import.objects.filter(pk=import_id(run), state=Import.State.DRAFT).update(state=Import.State.CHECKING)


class ApplyRun(ImportRun):
    kind = services.APPLY_RUN
    label = gettext_lazy("Storing a file")
    stages = ("store",)

    def work(self, run: Run, stage: str, key: dict) -> None:
        record = _record(run)
        if record.state == Import.State.APPLYING:
            services.perform_apply(record, kinds.get(record.kind))

    def doing(self, run: Run) -> str:
        return _("Storing all rows at once") if run.state == run.State.RUNNING else super().doing(run)

    def fail(self, run: Run) -> None:
        services.end_in(import_id(run), Import.State.FAILED, run=run)

    def stop(self, run: Run) -> None:
        services.end_in(import_id(run), Import.State.CHECKED)

    def restart(self, run: Run) -> None:
        Import.objects.filter(
            pk=import_id(run), state__in=[Import.State.FAILED, Import.State.CHECKED], rows_accepted__gt=0
        ).update(state=Import.State.APPLYING, message_code="", message_params={})
