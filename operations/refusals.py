"""What this room says when it refuses."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "config_empty": _("The file is empty."),
        "config_not_sections": _("The file must consist of sections such as “kpis:”."),
        "config_unknown_section": _("Unknown section “%(section)s”. Known are: %(known)s."),
        "config_section_not_list": _("A section must be a list of entries."),
        "config_not_allowed": _("Only HR may change the configuration."),
        "config_no_hr": _("There is nobody with the HR role yet. Create one with “manage.py create_hr”."),
    }
)
