from django.apps import AppConfig


class InterfaceConfig(AppConfig):
    name = "foundation.interface"
    label = "interface"
