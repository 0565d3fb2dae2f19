"""Confirming that one has read what one is appraised by. Reading is not agreeing; no score follows from it."""

from __future__ import annotations

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.models import Participant, TermsReceipt
from reviews.selectors.terms import ASKED_IN, digest_of, get_part_for, receipt_of, terms_of


@transaction.atomic
def confirm_terms(*, actor: User, code: str, digest: str) -> TermsReceipt:
    """The receipt of the wording whose digest the person saw; the second time changes nothing.

    Refusals: terms_changed (409) where other words stand there by now, terms_not_asked (409) once rating is over.
    Somebody who takes no part gets Http404.
    """
    part = get_part_for(actor, code)
    # An amendment locks the cycle first: a receipt is of the words before it, or of those after it.
    Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=part.pk)
    shown = terms_of(part)
    if digest != digest_of(shown):
        raise Refusal("terms_changed", status=409)
    known = receipt_of(part)
    if known and known.digest == digest and known.configuration_version == part.cycle.configuration_version:
        return known
    if part.cycle.phase not in ASKED_IN:
        raise Refusal("terms_not_asked", status=409)
    with recording(actor=actor):
        return TermsReceipt.objects.create(
            cycle=part.cycle,
            employee=actor,
            configuration_version=part.cycle.configuration_version,
            digest=digest,
            shown=shown,
        )
