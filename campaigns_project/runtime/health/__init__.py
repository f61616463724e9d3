"""One examination of the installation, in the same words for `doctor`, System health, the API and `/readyz`."""

from campaigns_project.runtime.health.check import Check, Level
from campaigns_project.runtime.health.examination import Examination, exit_code
from campaigns_project.runtime.health.examine import examine

__all__ = ["Check", "Examination", "Level", "examine", "exit_code"]
