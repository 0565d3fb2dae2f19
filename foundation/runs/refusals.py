"""What runs refuse, and why they fail, in words."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

define_refusals(
    {
        "run_active": _("This is being computed already. Wait until it has finished, or stop it."),
        "run_not_active": _("This run is over; there is nothing to stop."),
        "run_not_restartable": _("Only a run that failed or was stopped can be started again."),
        "run_not_yours": _("Only someone who is responsible for this run today may do that."),
        "run_kind_unknown": _("This installation does not know runs of the kind “%(kind)s”."),
        "run_worker_lost": _(
            "The worker was lost %(attempts)s times while computing this. Start it again; if that happens once more, "
            "ask whoever operates the server."
        ),
        "run_too_slow": _("One part took longer than the time limit, %(attempts)s times."),
        "run_disk_full": _(
            "The server's disk is full, so nothing could be stored. Ask whoever operates the server to make room, "
            "then start the run again."
        ),
        "run_interrupted": _("The database was interrupted too often. Start the run again."),
        "internal_error": _(
            "An unexpected error. Tell whoever operates the server this reference: %(reference)s"
        ),
    }
)
