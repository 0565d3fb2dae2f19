from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from operations.selectors.health import installation_health


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """For load balancers and monitors: 503 only where no page could be served. Says nothing about anybody."""
    answer = installation_health()
    return JsonResponse(answer, status=503 if answer["status"] == "down" else 200)
