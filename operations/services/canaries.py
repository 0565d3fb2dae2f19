"""What the canary task does."""

from django.db.models.functions import Now

from operations.models import Canary


def write_canary() -> None:
    """The moment by the database's clock, so that clocks of machines do not matter."""
    Canary.objects.update_or_create(pk=1, defaults={"written_at": Now()})
