import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if settings.SECRET_KEY_IS_MADE_UP:
    raise ImproperlyConfigured("Set SECRET_KEY: each web server process would sign sessions with a key of its own.")
application = get_wsgi_application()
from audit.startup import begin  # noqa: E402  (its models are there only now)

begin("web server")
