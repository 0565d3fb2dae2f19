from django.http import HttpRequest, HttpResponse


def api_reference(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
