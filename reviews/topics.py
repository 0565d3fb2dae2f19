"""What people hear of reviews, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from foundation.delivery.topics import Topic, register

LAUNCHED = "cycle.launched"
RATING = "cycle.rating"
RELEASED = "cycle.released"
CANCELLED = "cycle.cancelled"
FORMS_OWED = "forms.owed"
FORM_RETURNED = "form.returned"
REMINDED = "forms.reminded"
FORMS_LATE = "forms.late"
VOICES_OPEN = "voices.open"
VOICES_OWED = "voices.owed"
VOICES_REMINDED = "voices.reminded"
RATERS_WAIT = "voices.raters"
OBJECTIVES_PROPOSED = "objectives.proposed"
OBJECTIVES_AGREED = "objectives.agreed"
TERMS_OWED = "terms.owed"
COACHED = "coaching.noted"
DELEGATED = "delegation.given"
REVIEW_OWED = "second_review.owed"
TARGET_AMENDED = "amendment.target"
JOINED = "amendment.joiner"
TAKEN_OUT = "amendment.leaver"
RATER_AMENDED = "amendment.rater"
GOALS_TO_AGREE = "goals.to_agree"
GOALS_TO_SET = "goals.to_set"
GOALS_TO_CHECK = "goals.to_check"
GOALS_TO_ASSESS = "goals.to_assess"

FEEDBACK_OWED = "feedback.owed"
NOTES_TO_SIGN = "notes.to_sign"
APPEAL_FILED = "appeal.filed"
APPEAL_TO_ASSIGN = "appeal.to_assign"
APPEAL_TO_DECIDE = "appeal.to_decide"
APPEAL_DECIDED = "appeal.decided"
APPEAL_WITHDRAWN = "appeal.withdrawn"
APPEAL_SAID = "appeal.said"
APPEAL_LATE = "appeal.late"


def _feedback_owed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(cycle)s: the result of %(count)s person waits for your suggestions",
            "%(cycle)s: the results of %(count)s people wait for your suggestions",
            params["count"],
        )
        % params
    )


def _forms_owed(params: Mapping[str, Any]) -> str:
    return (
        ngettext("%(count)s form to go in %(cycle)s", "%(count)s forms to go in %(cycle)s", params["count"])
        % params
    )


def _forms_late(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s form of %(rater)s in %(cycle)s is late: it was due %(due)s",
            "%(count)s forms of %(rater)s in %(cycle)s are late: they were due %(due)s",
            params["count"],
        )
        % params
    )


def _reminded(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(sender)s reminds you: %(count)s form to go in %(cycle)s",
            "%(sender)s reminds you: %(count)s forms to go in %(cycle)s",
            params["count"],
        )
        % params
    )


def _goals_to_agree(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s goal in %(cycle)s waits for your word",
            "%(count)s goals in %(cycle)s wait for your word",
            params["count"],
        )
        % params
    )


def _goals_to_check(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s goal in %(cycle)s had no check-in for a month",
            "%(count)s goals in %(cycle)s had no check-in for a month",
            params["count"],
        )
        % params
    )


def _goals_to_assess(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s goal in %(cycle)s: say how it went",
            "%(count)s goals in %(cycle)s: say how they went",
            params["count"],
        )
        % params
    )


def _objectives_proposed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(sender)s proposes %(count)s objective in %(cycle)s and waits for your word",
            "%(sender)s proposes %(count)s objectives in %(cycle)s and waits for your word",
            params["count"],
        )
        % params
    )


def _objectives_agreed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(sender)s agreed to %(count)s objective in %(cycle)s: it counts now",
            "%(sender)s agreed to %(count)s objectives in %(cycle)s: they count now",
            params["count"],
        )
        % params
    )


def _voices_owed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s colleague waits for your view in %(cycle)s",
            "%(count)s colleagues wait for your view in %(cycle)s",
            params["count"],
        )
        % params
    )


def _voices_reminded(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(sender)s reminds you: %(count)s colleague waits for your view in %(cycle)s",
            "%(sender)s reminds you: %(count)s colleagues wait for your view in %(cycle)s",
            params["count"],
        )
        % params
    )


def _raters_wait(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "Approve the raters of %(count)s person in %(cycle)s",
            "Approve the raters of %(count)s people in %(cycle)s",
            params["count"],
        )
        % params
    )


def _review_owed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s form of %(cycle)s waits for your second look",
            "%(count)s forms of %(cycle)s wait for your second look",
            params["count"],
        )
        % params
    )


def register_topics() -> None:
    register(
        Topic(LAUNCHED, _("%(cycle)s has begun: see what you are appraised by"), icon="flag"),
        Topic(RATING, _("%(cycle)s waits for your scores"), icon="checklist"),
        Topic(RELEASED, _("Your result of %(cycle)s is there"), icon="gauge"),
        Topic(CANCELLED, _("%(cycle)s was cancelled"), icon="x"),
        Topic(FORMS_OWED, _forms_owed, icon="checklist"),
        Topic(REMINDED, _reminded, icon="bell"),
        Topic(
            FORM_RETURNED,
            _("Your form on %(employee)s in %(cycle)s was given back: %(reason)s"),
            icon="refresh",
        ),
        Topic(FORMS_LATE, _forms_late, icon="alert-triangle"),
        Topic(VOICES_OPEN, _("%(cycle)s asks how you see some of your colleagues"), icon="users"),
        Topic(VOICES_OWED, _voices_owed, icon="users"),
        Topic(VOICES_REMINDED, _voices_reminded, icon="bell"),
        Topic(RATERS_WAIT, _raters_wait, icon="users"),
        Topic(OBJECTIVES_PROPOSED, _objectives_proposed, icon="target"),
        Topic(OBJECTIVES_AGREED, _objectives_agreed, icon="target"),
        Topic(TERMS_OWED, _("Read what %(cycle)s appraises you by, and confirm it"), icon="file-text"),
        Topic(
            TARGET_AMENDED,
            _("%(cycle)s: your target of %(kpi)s was changed, please read it again. Reason: %(reason)s"),
            icon="target",
        ),
        Topic(JOINED, _("%(name)s takes part in %(cycle)s. Reason: %(reason)s"), icon="user-plus"),
        Topic(TAKEN_OUT, _("%(name)s takes part in %(cycle)s no more. Reason: %(reason)s"), icon="x"),
        Topic(
            RATER_AMENDED,
            _("%(rater)s judges %(name)s in %(cycle)s from now on. Reason: %(reason)s"),
            icon="users",
        ),
        Topic(
            DELEGATED,
            _("%(delegate)s scores for %(delegator)s from %(first)s to %(last)s"),
            icon="users",
        ),
        Topic(REVIEW_OWED, _review_owed, icon="checks"),
        Topic(COACHED, _("%(by)s noted a talk with you of %(day)s"), icon="notes"),
        Topic(GOALS_TO_AGREE, _goals_to_agree, icon="target"),
        Topic(GOALS_TO_SET, _("Agree on your goals in %(cycle)s"), icon="target"),
        Topic(GOALS_TO_CHECK, _goals_to_check, icon="target"),
        Topic(GOALS_TO_ASSESS, _goals_to_assess, icon="target"),
    )
    register(
        Topic(FEEDBACK_OWED, _feedback_owed, icon="message"),
        Topic(NOTES_TO_SIGN, _("Notes of your talk about %(cycle)s wait for your signature"), icon="writing"),
        Topic(APPEAL_FILED, _("%(employee)s has appealed against the result of %(cycle)s"), icon="scale"),
        Topic(
            APPEAL_TO_ASSIGN,
            _("The appeal of %(employee)s against %(cycle)s needs somebody to decide it"),
            icon="scale",
        ),
        Topic(APPEAL_TO_DECIDE, _("Decide the appeal of %(employee)s against %(cycle)s"), icon="scale"),
        Topic(APPEAL_DECIDED, _("The appeal of %(employee)s against %(cycle)s is decided"), icon="scale"),
        Topic(APPEAL_WITHDRAWN, _("%(employee)s has withdrawn the appeal against %(cycle)s"), icon="scale"),
        Topic(
            APPEAL_SAID,
            _("%(who)s commented on the appeal of %(employee)s against %(cycle)s"),
            icon="message",
        ),
        Topic(
            APPEAL_LATE,
            _("The appeal of %(employee)s against %(cycle)s was to be answered by %(due)s"),
            icon="alert-triangle",
        ),
    )
