import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()
from audit.startup import begin  # noqa: E402  (its models are there only now)

begin("web server")
