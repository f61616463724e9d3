"""docs/reason-codes.md, written from the code: `python -m campaigns_project.runtime.reason_codes`."""
