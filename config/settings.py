"""All settings, read from the environment; README.md lists the ones an operator sets.

Without DATABASE_URL and REDIS_URL the addresses of the bundled servers are used, which
`config.embedded` writes to var/servers.env when it starts them.
"""

import secrets
from pathlib import Path

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from environs import Env

from config import static_headers
from config.embedded import SERVERS_FILE

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
env.read_env(str(VAR_DIR / SERVERS_FILE), recurse=False)

DEBUG = env.bool("DEBUG", False)
# The bundled servers keep theirs in var/servers.env. Commands run without one; config/wsgi.py serves nothing so.
SECRET_KEY_IS_MADE_UP = not env.str("SECRET_KEY", "")
SECRET_KEY = env.str("SECRET_KEY", "") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "unfold",
    # Before Django's own accounts: its commands that would set a password, or make an account, off the record.
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
    "audit",
    "identification",
    "review",
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
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "audit.middleware.request_id",
    "accounts.middleware.no_store",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

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
                "config.context.frame",
            ],
        },
    },
]

# --- Where things are kept -------------------------------------------------------------------

# The web server and the workers use DATABASE_URL, whose role may only SELECT and INSERT on
# append-only tables and owns nothing. Migrations use OWNER_DATABASE_URL (`make migrate`).
DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres://localhost/countersign", conn_max_age=60)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
APP_DATABASE_ROLE = env.str("APP_DATABASE_ROLE", "countersign_app")
# The sequencer alone signs in as this one (SEQUENCER_DATABASE_URL).
SEQUENCER_DATABASE_ROLE = env.str("SEQUENCER_DATABASE_ROLE", "countersign_sequencer")
SEQUENCER_DATABASE = env.dj_db_url("SEQUENCER_DATABASE_URL") if env.str("SEQUENCER_DATABASE_URL", "") else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
WEIGHTS_DIR = Path(env.str("WEIGHTS_DIR", str(VAR_DIR / "weights")))
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- People and sessions ---------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
HTTPS_ONLY = env.bool("HTTPS_ONLY", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Counted per person and address: a lockout per person alone would let anybody lock out a reviewer.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("SIGN_IN_ATTEMPTS", 10)
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_RESET_ON_SUCCESS = True
# The audit log holds sign-ins. Here a typed name, which may be a password in the wrong box, stays until it expires.
AXES_DISABLE_ACCESS_LOG = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
# django-unfold evaluates Alpine expressions and sets inline styles; only /admin/ gets this policy.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}

# --- Intake and recognition ------------------------------------------------------------------

UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 25_000_000)
UPLOAD_MAX_PIXELS = env.int("UPLOAD_MAX_PIXELS", 64_000_000)
UPLOAD_MAX_FILES = env.int("UPLOAD_MAX_FILES", 500)
DATA_UPLOAD_MAX_NUMBER_FILES = UPLOAD_MAX_FILES
DERIVATIVE_LONGEST_SIDE = env.int("DERIVATIVE_LONGEST_SIDE", 1600)
DEVICE = env.str("DEVICE", "auto")
# Threads of each worker process; 0 shares the cores evenly among the processes of a worker.
RECOGNITION_THREADS = env.int("RECOGNITION_THREADS", 0)
# Cut-off of the candidate list in comparison score; none by default, so that a list is always the nearest people.
SEARCH_CUT_OFF = env.float("SEARCH_CUT_OFF", None)

# --- The audit log ---------------------------------------------------------------------------

# Whose log this is, as in every checkpoint: a name without a scheme that nobody else uses. It stays.
AUDIT_ORIGIN = env.str("AUDIT_ORIGIN", "localhost/countersign")
# The sequencer alone reads it. Keep it off the database's machine, and a copy where only the operator gets.
AUDIT_KEY_FILE = Path(env.str("AUDIT_KEY_FILE", str(VAR_DIR / "audit-key.pem")))
# So often a checkpoint is begun; nothing new, nothing signed. With the hashing it covers an entry within a minute.
AUDIT_CHECKPOINT_SECONDS = env.int("AUDIT_CHECKPOINT_SECONDS", 45)
# How many of the older entries are hashed anew before each signature, in turn.
AUDIT_REHASH_PER_CHECKPOINT = env.int("AUDIT_REHASH_PER_CHECKPOINT", 100_000)
# Exports stand here, for nobody else's eyes, until they are removed.
EXPORT_DIR = Path(env.str("EXPORT_DIR", str(VAR_DIR / "exports")))
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", 7)
# How long an export waits for the sequencer before it is put off.
EXPORT_WAIT_SECONDS = env.int("EXPORT_WAIT_SECONDS", 30)
# A worker that writes says so again and again; one that has said nothing for this long is taken for lost.
EXPORT_LEASE_SECONDS = env.int("EXPORT_LEASE_SECONDS", 120)
EXPORT_TIME_LIMIT = env.int("EXPORT_TIME_LIMIT", 6 * 60 * 60)
# Who is handed the checkpoints, parted by commas: addresses with a name or a vkey before them (docs/witnesses.md).
AUDIT_WITNESSES: list[str] = env.list("AUDIT_WITNESSES", [])
# The least number of seconds between two letters to one mailbox, and between two time stamps.
AUDIT_MAIL_EVERY = env.int("AUDIT_MAIL_EVERY", 24 * 60 * 60)
AUDIT_TSA_EVERY = env.int("AUDIT_TSA_EVERY", 60 * 60)
# A time-stamping authority (RFC 3161), and the certificates, as a PEM file, under which its own should stand.
AUDIT_TSA_URL = env.str("AUDIT_TSA_URL", "")
AUDIT_TSA_CERTIFICATES = env.str("AUDIT_TSA_CERTIFICATES", "")

# --- E-mail ----------------------------------------------------------------------------------

# "submission://user:password@mail.example" speaks TLS on port 587.
_EMAIL = env.dj_email_url("EMAIL_URL", "smtp://localhost:25")
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _EMAIL["EMAIL_HOST"], _EMAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_USER"], _EMAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _EMAIL["EMAIL_USE_TLS"], _EMAIL["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = _EMAIL["EMAIL_FILE_PATH"]
EMAIL_TIMEOUT = _EMAIL["EMAIL_TIMEOUT"] or 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "countersign@localhost")

# --- Work in the background ------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", 120)
JOB_MAX_ATTEMPTS = 3
RECONCILE_EVERY_SECONDS = env.int("RECONCILE_EVERY_SECONDS", 10)
ASSIGNMENT_LEASE_SECONDS = env.int("ASSIGNMENT_LEASE_SECONDS", 30 * 60)
# How long a place is kept for somebody who closed the page, before it is free for others.
ASSIGNMENT_GRACE_SECONDS = env.int("ASSIGNMENT_GRACE_SECONDS", 60)
# Pictures of the deceased that one person is shown in a day (reviewers; see docs/reviewing.md).
EXPOSURE_CAP_PER_DAY = env.int("EXPOSURE_CAP_PER_DAY", 40)

# --- Words and logs --------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"

UNFOLD = {
    "SITE_TITLE": "Countersign",
    "SITE_HEADER": "Countersign",
    "SITE_SUBHEADER": "Administration",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#eef6f8",
            "100": "#d5e9ee",
            "200": "#aed5de",
            "300": "#6cc0cf",
            "400": "#3d9db0",
            "500": "#1f7f92",
            "600": "#0b5c6b",
            "700": "#0a4f5c",
            "800": "#0a414c",
            "900": "#09363f",
            "950": "#052229",
        },
    },
}
