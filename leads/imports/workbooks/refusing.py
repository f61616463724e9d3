"""How the process that opens workbooks says no: a code and what belongs to it, as `leads.imports.errors` words it."""


class NoWorkbook(Exception):
    """The file cannot be read as a workbook; `code` names a function of `errors` that takes `facts`."""

    def __init__(self, code: str, **facts: object):
        super().__init__(code)
        self.code = code
        self.facts = facts
