"""Write docs/reason-codes.md."""

import os

import django


def main() -> None:
    """Bring the page up to date with the code, and say where it is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
    django.setup()
    from campaigns_project.runtime.reason_codes.page import FILE, page  # noqa: PLC0415 - models exist only from here on

    FILE.write_text(page(), encoding="utf-8")
    print(f"{FILE} is written.")


if __name__ == "__main__":
    main()
