"""The demonstration on one's own machine: plain http on loopback, a secret made on first start."""

import os
import secrets

from demo.accounts import sign_in_choices

from .base import *
from .base import VAR_DIR
from .workers import *


def _own_secret() -> str:
    """A secret of this copy alone, so that no key stands in the repository."""
    path = VAR_DIR / "secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


DEBUG = False
SECRET_KEY = os.environ.get("SECRET_KEY") or _own_secret()
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
LAUREL_STYLEGUIDE = True
LAUREL_DEMO = True
LAUREL_DEMO_ACCOUNTS = sign_in_choices()
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
