from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "foundation.clients"
    label = "clients"

    def ready(self) -> None:
        from foundation.clients import authentication, refusals  # noqa: F401  texts and the security scheme of the schema
