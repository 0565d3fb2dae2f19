"""Every address of the product. Pages live under their app's namespace, the API under /api/v1/."""

from django.conf import settings
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from foundation.clients.views.reference import api_reference
from operations.views.health import health
from people.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("language/", set_language, name="set_language"),
    path("health/", health, name="health"),
    path("", include("people.urls")),
    path("", include("foundation.trail.urls")),
    path("", include("foundation.runs.urls")),
    path("", include("foundation.intake.urls")),
    path("", include("foundation.clients.urls")),
    path("", include("foundation.delivery.urls")),
    path("", include("metrics.urls")),
    path("", include("reviews.urls")),
    path("", include("incentives.urls")),
    path("", include("operations.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/", api_reference, name="api_reference"),
    path("api/v1/", include("people.api.urls")),
    path("api/v1/", include("foundation.clients.api_urls")),
    path("api/v1/", include("foundation.trail.api.urls")),
    path("api/v1/", include("foundation.runs.api.urls")),
    path("api/v1/", include("foundation.intake.api.urls")),
    path("api/v1/", include("foundation.delivery.api.urls")),
    path("api/v1/", include("metrics.api.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("api/v1/", include("incentives.api.urls")),
    path("api/v1/", include("operations.api.urls")),
]

if settings.LAUREL_STYLEGUIDE or settings.DEBUG:
    from foundation.interface.views import styleguide

    urlpatterns += [path("styleguide/", styleguide, name="styleguide")]

handler400 = "foundation.interface.views.bad_request"
handler403 = "foundation.interface.views.forbidden"
handler404 = "foundation.interface.views.not_found"
handler500 = "foundation.interface.views.server_error"
