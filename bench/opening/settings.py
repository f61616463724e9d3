"""The settings of the project, with three addresses more: what an open is held against."""

from campaigns_project.settings import base
from campaigns_project.settings.base import *  # noqa: F403

ROOT_URLCONF = "bench.opening.urls"
_PIXEL = base.MIDDLEWARE.index("tracking.middleware.PixelMiddleware")
MIDDLEWARE = [*base.MIDDLEWARE[:_PIXEL], "bench.opening.references.ShortMiddleware", *base.MIDDLEWARE[_PIXEL:]]
