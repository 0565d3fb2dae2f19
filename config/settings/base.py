"""Settings shared by every way of running Laurel. Secrets and addresses come from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(os.environ.get("LAUREL_VAR_DIR", BASE_DIR / "var"))


def database_from_url(url: str) -> dict[str, Any]:
    """postgresql://user:password@host:port/name as Django's dictionary; password may be percent-encoded."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Every connection answers in UTC; days are computed from each site's own time zone, explicitly.
        "OPTIONS": {"connect_timeout": 5, "application_name": "laurel"},
    }


DATABASES: dict[str, dict[str, Any]] = {}
if os.environ.get("DATABASE_URL"):
    DATABASES["default"] = database_from_url(os.environ["DATABASE_URL"])
else:  # pages of `manage.py help` and static analysis work without a server
    DATABASES["default"] = database_from_url("postgresql://laurel@127.0.0.1:5432/laurel")

# Proxies in front, which add the address of their caller to X-Forwarded-For.
PROXY_COUNT = 0
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "axes",
    "csp",
    "foundation.interface",
    "foundation.trail",
    "foundation.runs",
    "foundation.intake",
    "foundation.delivery",
    "foundation.clients",
    "people",
    "metrics",
    "reviews",
    "incentives",
    "operations",
    "demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "foundation.trail.middleware.TrailMiddleware",
    "foundation.interface.middleware.CleanInputMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "foundation.interface.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "foundation.interface.templatetags.laurel"],
        },
    }
]

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "people.authentication.LoginBackend",
]
LOGIN_URL = "people:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "people:sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Looks at customers' links and tries of them, from one address in a quarter of an hour: an office behind one router, no
# search for links.
CUSTOMER_TRIES = 60
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_USERNAME_FORM_FIELD = (
    "username"  # what the sign-in form passes; by itself axes would look for USERNAME_FIELD
)
AXES_CLIENT_IP_CALLABLE = "foundation.interface.limits.address_of"
AXES_LOCKOUT_CALLABLE = "foundation.interface.views.locked_out"
CSRF_FAILURE_VIEW = "foundation.interface.views.csrf_failure"

LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", VAR_DIR / "media"))
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "foundation.intake.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# The largest file that an import accepts, in bytes, and what a workbook may unpack to.
INTAKE_MAX_BYTES = 64 * 1024 * 1024
INTAKE_MAX_UNPACKED_BYTES = 400 * 1024 * 1024
INTAKE_MAX_ROWS = 2_000_000

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "foundation.clients.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["foundation.clients.permissions.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
        "rest_framework.parsers.FormParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "foundation.clients.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "foundation.clients.schema.LaurelSchema",
    "EXCEPTION_HANDLER": "foundation.clients.problems.problem_handler",
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Laurel API",
    "DESCRIPTION": "Performance reviews and incentives for customer-service teams.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stand where they are used; named components for them would need a list of names kept by hand.
    "POSTPROCESSING_HOOKS": [],
}

# Who gives the side navigation its entries (see foundation.interface.context).
LAUREL_NAVIGATION = (
    "people.views.navigation.build_navigation",
    "reviews.views.navigation.build_navigation",
)
LAUREL_STYLEGUIDE = False

# The Celery application that the outbox sends tasks with.
LAUREL_CELERY_APP = "config.celery.app"

# News by topic: the tasks, by name, that the relay sends for each outbox row. Payloads carry ids only.
LAUREL_OUTBOX_CONSUMERS: dict[str, list[str]] = {
    "run.queued": ["foundation.runs.tasks.advance_run"],
    "observations.changed": ["metrics.tasks.refresh_kpi_values"],
    "inspection.scored": ["metrics.tasks.store_inspection_scores"],
    "cycle.phase": ["reviews.tasks.tell_of_phase"],
    "voice.asked": ["reviews.tasks.mail_customer"],
    "result.released": ["incentives.tasks.pay_at_once"],
    "payout.approved": ["incentives.tasks.tell_of_payout", "incentives.tasks.look_for_differences"],
    "appeal.accepted": ["reviews.tasks.apply_corrections"],
    "result.corrected": ["incentives.tasks.pay_differences"],
    "result.opened": ["incentives.tasks.pay_differences"],
    "clawback.approved": [],
}

# What people are told by mail: from and to which hour of their own day, which country's days off (two letters; empty:
# weekends only), where links lead, and after how many days a late rater's leader hears of it.
LAUREL_MAIL = True
LAUREL_MAIL_HOURS = (8, 20)
LAUREL_HOLIDAYS = os.environ.get("LAUREL_HOLIDAYS", "CN")
LAUREL_SITE_URL = (os.environ.get("SITE_URL") or "http://localhost:8000").rstrip("/")
LAUREL_ESCALATE_AFTER_DAYS = 2

# Durable runs. The lease outlives the hard time limit of a task, and the broker's visibility timeout outlives both.
RUN_LEASE_SECONDS = 420
RUN_MAX_ATTEMPTS = 3
RUN_SHARD_SIZE = 2_000

# Tables whose rows the application's database role may insert and read, and never change: the roles script reads this.
APPEND_ONLY_TABLES = [
    "incentives_award",
    "incentives_awardwithdrawal",
    "incentives_deductionitem",
    "incentives_ledgerentry",
    "incentives_payment",
    "incentives_paymentitem",
    "incentives_pointentry",
    "incentives_recovery",
    "metrics_inspectionscore",
    "pghistory_context",  # its one writer is the function _pgh_attach_context(), which runs as its owner
    "reviews_checkin",
    "reviews_checkinvalue",
    "reviews_objectivesignature",
    "reviews_plancheckin",
    "reviews_planmeasuredone",
    "reviews_planobjection",
    "reviews_planoutcome",
    "reviews_planrule",
    "reviews_planterms",
    "reviews_resultadjustment",
    "reviews_termssettlement",
]
APPEND_ONLY_TABLE_PATTERNS = ["%event"]  # the trail: one event table per followed model

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LAUREL_LOG_LEVEL", "INFO")},
}

PGHISTORY_ADMIN_ALL_EVENTS = False
