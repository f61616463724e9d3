"""The parts of the API in the order of the job, as its docs show them: name, and what is found there."""

PARTS = [
    {"name": name, "description": description}
    for name, description in (
        ("me", "Whose key this is, and what it may do"),
        ("campaigns", "Make, check, start, pause and delete them; their figures, ranking and audience"),
        ("steps", "The mails of a campaign and their wordings"),
        ("templates", "Wordings to begin from, and their versions"),
        ("recipients", "Leads in a campaign: where each stands"),
        ("messages", "Single mails, and what to do about uncertain ones"),
        ("events", "Opens, clicks, replies, bounces and opt-outs"),
        ("inbound-mails", "Replies and returned mails, as they were read"),
        ("leads", "People: search, change, merge, erase; tags and segments"),
        ("imports", "Files of leads, in steps"),
        ("suppressions", "Who must not be written to"),
        ("provider-accounts", "Where leads are searched for"),
        ("senders", "Addresses that mails go out from, with their limits and health"),
        ("mailboxes", "Where replies are read"),
        ("instantly-accounts", "Delivery through Instantly"),
        ("sending", "Emergency stops"),
        ("de-enrollment", "Who was taken out of campaigns, and whether that works"),
        ("operations", "Plans, calendar, tasks and metrics"),
        ("jobs", "Work in the background"),
        ("webhooks", "Where we report what happens"),
        ("audit log", "Who did what"),
        ("system", "Whether the installation is well"),
    )
]
