"""Settings of the test suite."""

from .base import *
from .workers import *

SECRET_KEY = "only-for-tests"  # noqa: S105  no server listens with it
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
]  # speed; production keeps Django's default
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
LAUREL_STYLEGUIDE = True
AXES_ENABLED = False
CUSTOMER_TRIES = 10_000  # all tests come from one address
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
