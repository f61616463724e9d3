"""The parts of `bench.delete` that need Django. Started as processes of their own, in the environment it gives them."""

import django

django.setup()  # before any of the modules in here, which import models
