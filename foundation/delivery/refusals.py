"""What delivery refuses, in words."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "notice_ids_unknown": _("Some of these notices do not exist. Reload the list and try again."),
    }
)
