from django.contrib.auth.backends import ModelBackend


class LoginBackend(ModelBackend):
    """Signs in by login, canonical form."""
