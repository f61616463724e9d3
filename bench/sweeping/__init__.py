"""The parts of `bench.sweep` that need Django. Started as processes, in the environment it gives them."""

import django

django.setup()  # before any of the modules in here, which import models
