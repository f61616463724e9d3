"""Whether a sender can be used: its login, and what its domain says in DNS."""

from campaigns.health.check import check_sender
from campaigns.health.findings import Finding, HealthCheck, HealthStatus, worst

__all__ = ["Finding", "HealthCheck", "HealthStatus", "check_sender", "worst"]
