"""One person, whole: everything held of somebody taken out, or removed so that nothing names them any more."""

from campaigns.persons.erase import erase_person as erase_person
from campaigns.persons.export import export_person as export_person
from campaigns.persons.export import person_export_name as person_export_name
from campaigns.persons.preview import preview_person as preview_person
