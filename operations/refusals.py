"""What this room says when it refuses."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "config_alias": _("Line %(line)s: references (&name, *name) are not allowed in a configuration file."),
        "config_key": _("Line %(line)s: a key must be a plain word."),
        "config_key_twice": _("Line %(line)s: “%(key)s” stands twice in the same place."),
        "config_too_large": _("The file is larger than %(limit)s characters."),
        "config_not_utf8": _("The file is not UTF-8 text (byte %(position)s)."),
        "config_too_deep": _("Line %(line)s: the file is nested too deeply."),
        "config_not_yaml": _("Line %(line)s cannot be read as YAML."),
        "config_empty": _("The file is empty."),
        "config_not_sections": _("The file must consist of sections such as “kpis:”."),
        "config_unknown_section": _("Unknown section “%(section)s”. Known are: %(known)s."),
        "config_section_not_list": _("A section must be a list of entries."),
        "config_not_finite": _("Must be a finite number."),
        "config_not_allowed": _("Only HR may load or dump the configuration."),
        "config_has_problems": _("The file has %(count)s problems; nothing was changed."),
    }
)
