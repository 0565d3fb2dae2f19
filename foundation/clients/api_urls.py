from django.urls import path

from foundation.clients.api_tokens import TokenList, TokenRevoke

urlpatterns = [
    path("tokens/", TokenList.as_view(), name="api_tokens"),
    path("tokens/<uuid:token_id>/revoke/", TokenRevoke.as_view(), name="api_token_revoke"),
]
