#!/usr/bin/env python
"""Fairlead's command line: `manage.py help` lists the commands."""

import os
import sys

from campaigns_project.broken_off import ended_in_a_word


def main() -> None:
    """Run one management command; 2 for a setting that cannot be read."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
    with ended_in_a_word():
        # Inside, since a Ctrl-C may come while they load.
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

        from campaigns_project.command_line import CommandLine  # noqa: PLC0415

        try:
            CommandLine(sys.argv).execute()
        except ImproperlyConfigured as error:
            print(f"Settings: {error}", file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main()
