"""Who of two people did better: answers of paired comparison. Nothing is changed; an answer is taken back by a row."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from reviews.models.judgements import ScoreSheet

_APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
# Both people are of this cycle, the rater has an open form on each and knows both, and the cycle is in rating.
_OPEN_FORMS = """
    SELECT count(*) FROM reviews_scoresheet AS sheet
    JOIN reviews_participant AS participant ON participant.id = sheet.participant_id
    JOIN reviews_cycle AS cycle ON cycle.id = participant.cycle_id
    WHERE participant.id IN ({answer}.first_id, {answer}.second_id)
        AND participant.cycle_id = {answer}.cycle_id AND participant.employee_id <> {answer}.rater_id
        AND sheet.rater_id = {answer}.rater_id AND sheet.component = {answer}.component
        AND sheet.state = 'draft' AND NOT sheet.ratee_unknown AND cycle.phase = 'rating'
"""
_SAME_QUESTION = """
    other.cycle_id = NEW.cycle_id AND other.component = NEW.component AND other.rater_id = NEW.rater_id
        AND other.criterion = NEW.criterion AND other.first_id = NEW.first_id AND other.second_id = NEW.second_id
"""


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def standing(self) -> ComparisonQuerySet:
        """Not taken back, and about two people neither of whom the rater has set aside as unknown since."""
        either = Q(participant=OuterRef("first")) | Q(participant=OuterRef("second"))
        aside = ScoreSheet.objects.filter(
            either, rater=OuterRef("rater"), component=OuterRef("component"), ratee_unknown=True
        )
        return self.filter(~Exists(aside), reversal__isnull=True)


class Comparison(models.Model):
    """One answer of one rater about two participants by one criterion, the one with the lower id first.

    attempt counts the answers to the same question: the next one comes when the one before is taken back.
    """

    class Outcome(models.IntegerChoices):
        FIRST = 1, _("the first")
        EVEN = 0, _("no difference")
        SECOND = -1, _("the second")

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="+")
    component = models.CharField(max_length=60)
    criterion = models.CharField(max_length=40, blank=True, help_text="empty: the person as a whole")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    first = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="+")
    outcome = models.SmallIntegerField(choices=Outcome.choices)
    attempt = models.PositiveSmallIntegerField(default=1)
    answered_at = models.DateTimeField(auto_now_add=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="pair_of_two_in_order"),
            models.CheckConstraint(condition=Q(outcome__in=[-1, 0, 1]), name="outcome_of_three"),
            models.UniqueConstraint(
                fields=["cycle", "component", "rater", "criterion", "first", "second", "attempt"],
                name="one_answer_per_question",
            ),
        ]
        triggers = [
            _APPEND_ONLY,
            pgtrigger.Trigger(
                name="answer_of_open_forms",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF ({_OPEN_FORMS.format(answer="NEW")}) < 2 THEN
                        RAISE EXCEPTION 'the rater has no open forms on both people';
                    END IF;
                    IF EXISTS (
                        SELECT FROM reviews_comparison AS other
                        WHERE {_SAME_QUESTION} AND NOT EXISTS (
                            SELECT FROM reviews_comparisonreversal AS reversal
                            WHERE reversal.comparison_id = other.id
                        )
                    ) THEN
                        RAISE EXCEPTION 'this pair has an answer';
                    END IF;
                    IF NEW.attempt <> 1 + (SELECT count(*) FROM reviews_comparison AS other WHERE {_SAME_QUESTION})
                    THEN
                        RAISE EXCEPTION 'attempts are counted from one';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  no value of a caller is in it
            ),
        ]


class ComparisonReversal(models.Model):
    """An answer taken back by its rater, while the forms were open."""

    comparison = models.OneToOneField(Comparison, on_delete=models.PROTECT, related_name="reversal")
    reversed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [
            _APPEND_ONLY,
            pgtrigger.Trigger(
                name="while_forms_are_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("answer", "reviews_comparison%ROWTYPE")],
                func=f"""
                    SELECT * INTO answer FROM reviews_comparison WHERE id = NEW.comparison_id;
                    IF ({_OPEN_FORMS.format(answer="answer")}) < 2 THEN
                        RAISE EXCEPTION 'the forms are closed';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608
            ),
        ]
