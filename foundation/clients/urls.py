from django.urls import path

from foundation.clients.views import tokens

app_name = "clients"
urlpatterns = [
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", tokens.revoke, name="revoke"),
]
