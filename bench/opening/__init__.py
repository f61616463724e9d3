"""The parts of `bench.opens` that need Django, each a process of its own in the environment it gives them.

Django is set up by each of them and not here, since the settings are in here, too.
"""
