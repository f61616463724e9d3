"""The operations side of campaigns: plans, a calendar, tasks of operators, and numbers they write down."""
