"""The worker's app where FaceNet's weights are made: `celery --app bench.made_facenet_worker worker`."""

from bench import made_facenet
from config.celery import app

__all__ = ["app"]

made_facenet.accept()
