from campaigns.tests.delivery.conftest import certificate, server_tls, trusting  # noqa: F401 - fixtures
