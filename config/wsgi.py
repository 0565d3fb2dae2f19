import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401 - config was imported before the settings were named

application = get_wsgi_application()
