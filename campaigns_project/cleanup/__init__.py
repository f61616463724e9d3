"""Orphans: rows whose parent is gone. Found by what the models declare, removed in batches, looked for every night.

`references` says where to look, `catalog` what is really there, `look` counts, `remove` removes, `sweep` does all of it
once; `nightly` has it done and keeps a report.
"""
