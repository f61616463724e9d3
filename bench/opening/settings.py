"""The settings of the project, with two addresses more: what an open is held against."""

from campaigns_project.settings.base import *  # noqa: F403

ROOT_URLCONF = "bench.opening.urls"
