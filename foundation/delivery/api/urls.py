from django.urls import path

from foundation.delivery.api import notices

urlpatterns = [
    path("notices/", notices.NoticeList.as_view(), name="api_notices"),
    path("notices/read/", notices.NoticesRead.as_view(), name="api_notices_read"),
]
