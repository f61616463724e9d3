#!/usr/bin/env python
"""Fairlead's command line: `manage.py help` lists the commands."""

import os
import sys

from campaigns_project.broken_off import ended_in_a_word


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
    with ended_in_a_word():
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - a Ctrl-C may come while it loads

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
