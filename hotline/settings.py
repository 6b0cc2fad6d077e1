"""Settings: everything an operator may change comes from the environment.

Without `DATABASE_URL` and `REDIS_URL` the embedded PostgreSQL and Valkey of
`hotline.localstack` are used; their addresses are computed, nothing is started here.
"""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from hotline.localstack import paths as local

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: str = "") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str = "") -> list[str]:
    return [word for word in os.environ.get(name, default).split(",") if word]


def _database(url: str) -> dict[str, Any]:
    """Django's dictionary for a postgresql:// address; a socket folder goes in `?host=`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://: "
            "the hotline runs on PostgreSQL only."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or options.pop("port", "") or ""),
        # A new connection costs more than a whole request; gunicorn's threads keep theirs.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_hotline")},
    }


DEBUG = _flag("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or local.secret("secret_key")
ALLOWED_HOSTS = _words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS")

# --- where the data lives -----------------------------------------------------------------
DATABASE_URL = os.environ.get("DATABASE_URL") or local.database_url("hotline_app")
# The owner migrates; the application role has no UPDATE or DELETE on append-only tables.
DATABASE_OWNER_URL = os.environ.get("DATABASE_OWNER_URL") or (
    DATABASE_URL if os.environ.get("DATABASE_URL") else local.database_url("hotline_owner")
)
REDIS_URL = os.environ.get("REDIS_URL") or ""
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or REDIS_URL or local.broker_url()
CACHE_URL = os.environ.get("CACHE_URL") or REDIS_URL or local.cache_url()

DATABASES = {"default": _database(DATABASE_URL), "owner": _database(DATABASE_OWNER_URL)}
# Pages, API calls and tasks end within five seconds; commands lift the limit for themselves.
STATEMENT_TIMEOUT_MS = int(os.environ.get("STATEMENT_TIMEOUT_MS", "5000"))
DATABASES["default"]["OPTIONS"]["options"] = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=3000 "
    "-c idle_in_transaction_session_timeout=30000 -c timezone=Asia/Shanghai"
)
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        # Rate limits fail open: a broker that is down never stops a call from being answered.
        "BACKEND": "hotline.core.cache.FailOpenRedisCache",
        "LOCATION": CACHE_URL,
        # A cache that hangs must not hold a request.
        "OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.5},
        "KEY_PREFIX": "hotline",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Personal data: keys live outside the database. Newest first; older ones still decrypt.
# Each key is `version:base64 of 32 bytes`.
ENCRYPTION_KEYS = _words("ENCRYPTION_KEYS") or [f"1:{local.secret('encryption_key')}"]
HASH_KEYS = _words("HASH_KEYS") or [f"1:{local.secret('hash_key')}"]

# --- what runs ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "hotline.ops",
    "hotline.pages",
    "governance",
    "evaluation",
    "dispatch",
    "intake",
    "knowledge",
    "hotline.core",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hotline.core.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hotline.core.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hotline.core.middleware.ActorMiddleware",
]
ROOT_URLCONF = "hotline.urls"
WSGI_APPLICATION = "hotline.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hotline.pages.context.shell",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- who signs in -------------------------------------------------------------------------
AUTH_USER_MODEL = "core.Staff"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "hotline.core.accounts.ClosedSignUp"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # staff are known by user name
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # one shift
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("HTTPS_ONLY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("BEHIND_PROXY") else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# --- language and time --------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- static files -------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # a message of 1 MB must reach its clear refusal

# --- API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hotline.core.api.authentication.ApiKeyAuthentication",
        "hotline.core.api.authentication.StaffSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "hotline.core.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "hotline.core.api.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "12345 热线工单平台 API",
    "DESCRIPTION": (
        "渠道登记诉求、承办单位签收与答复。所有时间为带时区的 RFC 3339；"
        "拒绝一律为 application/problem+json（RFC 9457），句子默认中文，"
        "Accept-Language: en 时为英文（有译文处）。"
        "响应头 X-Simulated-Data: true 表示本库为模拟数据，不对应任何真实单位或个人。"
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "TAGS": [
        {"name": "tickets", "description": "工单：登记、查询"},
        {"name": "actions", "description": "工单上的动作，每个动作一个地址"},
        {"name": "inbox", "description": "承办单位的待办"},
        {"name": "ratings", "description": "诉求人评价，与回访的结果"},
        {"name": "robot", "description": "语音机器人回访"},
        {"name": "reference", "description": "代码表：分类、地点、单位、渠道"},
    ],
    # Choices that several things share or that are called alike get one name each.
    "ENUM_NAME_OVERRIDES": {
        "TicketState": "intake.models.State",
        "OrderState": "dispatch.models.AssignmentState",
        "OrderRole": "dispatch.models.AssignmentRole",
        "PartyRole": "intake.models.requesters.PartyRole",
        "ContactMethod": "dispatch.models.ContactMethod",
        "ReplyKind": "dispatch.models.ReplyKind",
        "ClockKind": "hotline.core.models.ClockKind",
        "AreaKind": "hotline.core.models.AreaKind",
        "UnitKind": "hotline.core.models.UnitKind",
        "Level": "intake.models.Level",
        "Urgency": "intake.models.Urgency",
        "RequestType": "intake.models.RequestType",
        "CloseCode": "intake.models.CloseCode",
        "Solved": "dispatch.models.Solved",
        "YesNo": "evaluation.forms.calling.YES_NO",
    },
}

# --- background work ----------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
SWEEP_INTERVAL_SECONDS = 30

# --- what the operator decides ------------------------------------------------------------
# The citizen reads who issues a bulletin; until an authority is named every paper says 样张.
ISSUING_AUTHORITY = os.environ.get("ISSUING_AUTHORITY", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"without_tokens": {"()": "hotline.core.logs.WithoutTokens"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["without_tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {
        "hotline": {"level": "INFO"},
        # Else the framework writes addresses with handlers of its own.
        "django": {"level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

# Numbers without a published source are configuration (domain §14).
COOPERATION_SHARE = float(os.environ.get("COOPERATION_SHARE", "0.8"))
RETURNS_BEFORE_DESIGNATION = int(os.environ.get("RETURNS_BEFORE_DESIGNATION", "3"))
# An answer to a leader's instruction on the first two levels.
INSTRUCTION_URGENT_HOURS = int(os.environ.get("INSTRUCTION_URGENT_HOURS", "4"))
UNDO_SECONDS = int(os.environ.get("UNDO_SECONDS", "30"))
FACT_REQUESTS_PER_ROUND = int(os.environ.get("FACT_REQUESTS_PER_ROUND", "1"))
LEDGER_LEAST_LEFT_HOURS = int(os.environ.get("LEDGER_LEAST_LEFT_HOURS", "24"))
REHANDLE_MAX = int(os.environ.get("REHANDLE_MAX", "2"))
# Who does not answer is tried on so many different half-days, the last so many days after the
# first, both counted.
CALLBACK_ATTEMPTS = int(os.environ.get("CALLBACK_ATTEMPTS", "3"))
CALLBACK_DAYS = int(os.environ.get("CALLBACK_DAYS", "3"))
# In this order a requester is tried: whom the voice robot does not reach is sent the rating
# link at once when `sms` stands right behind `robot` and a gateway is configured. Without it the
# call-back agent sends links by hand.
CALLBACK_ORDER = _words("CALLBACK_ORDER", "robot,sms,phone")
CALLBACK_HOURS = (dt.time(9), dt.time(20))
# A consultation is solved at once when it is answered within the call and what an agent writes
# after it (F-13); requests are set against this base (F-11): last_year, population, households or
# enterprises.
FIRST_CONTACT_MINUTES = int(os.environ.get("FIRST_CONTACT_MINUTES", "60"))
REQUEST_BASE = os.environ.get("REQUEST_BASE", "last_year")
# Below these percentages a rate of a leader's page is marked. No published source: the city's own.
DASHBOARD_THRESHOLDS = {
    name: Decimal(percent)
    for name, _equals, percent in (
        word.partition("=")
        for word in _words("DASHBOARD_THRESHOLDS", "response=98,resolution=85,satisfaction=90")
    )
}
# The approved map of the districts: a GeoJSON FeatureCollection in longitude and latitude, the
# property in which a feature names its district's code, and the map's approval number (审图号),
# which is shown below it. Both or none: without them the districts are tiles. None is shipped.
MAP_BOUNDARIES = os.environ.get("MAP_BOUNDARIES", "").strip()
MAP_CODE_PROPERTY = os.environ.get("MAP_CODE_PROPERTY", "code").strip()
MAP_APPROVAL_NUMBER = os.environ.get("MAP_APPROVAL_NUMBER", "").strip()
# So long a report that somebody had made can be fetched.
REPORT_DAYS = int(os.environ.get("REPORT_DAYS", "7"))

# --- bulletins ----------------------------------------------------------------------------
# The authority that issues bulletins (通报). Until one is named, a bulletin says 样张.
BULLETIN_ISSUER = os.environ.get("BULLETIN_ISSUER", "").strip()
# Under which licence the issuer opens its data; named in the files.
OPEN_DATA_LICENCE = os.environ.get("OPEN_DATA_LICENCE", "").strip()
# Open data withhold every count from 1 to below this: so few matters of one street in one month
# may be traced to persons. No source of the city's gives the number; each city may set its own.
OPEN_DATA_SMALL_CELL = int(os.environ.get("OPEN_DATA_SMALL_CELL", "5"))

# --- notices by e-mail --------------------------------------------------------------------
# Without a mail server no mail is made: the bell on every page is all there is.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS")  # STARTTLS, usually on port 587
EMAIL_USE_SSL = _flag("EMAIL_USE_SSL")  # TLS from the first byte, usually on port 465
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or f"hotline@{EMAIL_HOST or 'localhost'}"
# Where readers find this site; named in mails when it is given.
SITE_URL = os.environ.get("SITE_URL", "").rstrip("/")
DIGEST_MINUTES = int(os.environ.get("DIGEST_MINUTES", "30"))

# --- short messages -----------------------------------------------------------------------
# The carrier's gateway takes JSON by HTTP; without it nobody is sent a link. The links in the
# messages need SITE_URL as well.
HOTLINE_SMS_URL = os.environ.get("HOTLINE_SMS_URL", "")
HOTLINE_SMS_TOKEN = os.environ.get("HOTLINE_SMS_TOKEN", "")
HOTLINE_SMS_TIMEOUT_SECONDS = float(os.environ.get("HOTLINE_SMS_TIMEOUT_SECONDS", "5"))
HOTLINE_SMS_SIGN = os.environ.get("HOTLINE_SMS_SIGN", "")  # who writes: the city's 12345 by default
