import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.management.persons import find_person
from campaigns.persons import export_person, person_export_name
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.private_files import create


class Command(FairleadCommand):
    help = (
        "Write everything held of a person into a ZIP, readable by its owner alone. Exit codes: 0 done; 2 it cannot be "
        "written; 3 no such person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="of the lead")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose lead it is")
        parser.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="where the file goes")

    def handle(self, *args: Any, **options: Any) -> None:
        lead, now = find_person(options["organization"], options["address"]), timezone.now()
        path = options["into"] / person_export_name(lead, now)
        content = export_person(lead=lead, actor=Actor.of_command("export_person"), now=now)
        try:
            with os.fdopen(create(path), "wb") as file:
                file.write(content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}", returncode=Exit.USAGE) from None
        self.stdout.write(str(path))
