from celery import shared_task

from operations.services.canaries import write_canary


@shared_task(name="operations.tasks.canary")
def canary() -> None:
    """A worker that is asked whether it is there says yes also when it can do nothing; a row cannot lie."""
    write_canary()
