from django.http import HttpRequest


def build_navigation(request: HttpRequest) -> list[dict]:
    return []
