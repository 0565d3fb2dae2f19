"""What the API's door refuses, in words."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "token_invalid": _("This token is unknown, expired or revoked."),
        "scope_missing": _("The token lacks the scope for this: %(scopes)s."),
        "role_missing": _("Your role does not allow this."),
        "not_yours": _("This is not yours to change."),
        "scopes_empty": _("Choose at least one thing that the token may do."),
        "scope_not_allowed": _(
            "You may not give the scope “%(scope)s” to a token, because your own role lacks it."
        ),
        "token_name_empty": _("Give the token a name, so that you know later which program uses it."),
        "token_expiry": _("The token must end in the future, and within %(days)s days."),
        "tokens_too_many": _("You have %(maximum)s tokens. Revoke one that is no longer used."),
        "parameter_unknown": _("There is no parameter “%(name)s” here."),
        "parameter_invalid": _(
            "“%(value)s” cannot be used for the parameter “%(name)s”; expected: %(expected)s."
        ),
        "parameter_repeated": _("The parameter “%(name)s” may stand only once."),
        "parameter_range": _("The parameter “%(name)s” must be a whole number from %(low)s to %(high)s."),
        "ordering_unknown": _("This list cannot be ordered by “%(name)s”. Possible: %(known)s."),
        "idempotency_key_invalid": _(
            "The idempotency key must be 1 to %(maximum)s printable ASCII characters."
        ),
        "idempotency_key_reused": _("This idempotency key was used for another request. Use a new one."),
        "idempotency_in_progress": _(
            "A request with this idempotency key is still being worked. Try again shortly."
        ),
        "validation": _("Some fields are not as they should be."),
        "malformed": _("The body cannot be read: %(reason)s"),
        "input_invalid": _("Something in the request cannot be stored or computed with."),
        "conflict": _("Someone else changed this at the same time. Look at its present state and try again."),
        "too_large": _("The request is too large."),
    }
)
