"""The part of `bench.enroll` that needs Django. Started as a process, in the environment it is given."""

import django

django.setup()
