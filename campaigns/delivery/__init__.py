"""Handing one mail to one mail server and saying what came of it. Sees no models and no settings."""
