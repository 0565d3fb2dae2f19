"""Error pages in words, and the style guide. Addresses under /api/ answer problem+json instead of a page."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from foundation.interface.specimens import specimens


def error_page(request: HttpRequest, status: int, reason: str = "") -> HttpResponse:
    """errors/<status>.html; `reason` is a sentence in the reader's language that replaces the general one."""
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        if reason:
            problem["detail"] = reason
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return render(request, f"errors/{status}.html", {"reason": reason}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 400)  # the exception's text is for the log: it may quote what was sent


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 403, str(exception) if exception else "")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 404)  # the resolver's text names routes


def conflict(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, 409, reason)


def too_many_requests(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, 429, reason)


def locked_out(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: object = None
) -> HttpResponse:
    """For AXES_LOCKOUT_CALLABLE."""
    return error_page(request, 429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For CSRF_FAILURE_VIEW: nearly always a page that stood open until its session had ended."""
    return error_page(
        request, 403, _("This page was open for too long. Go back, reload it and send it again.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_page(request, 500)
    # Without the request: context processors ask the database, which may be what failed.
    return HttpResponse(loader.render_to_string("errors/500.html"), status=500)


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    return render(request, "interface/styleguide.html", specimens())
