"""The value of a cell as a text: what a person would have typed, whatever the cell's format shows.

Numbers have no `.0` and no exponent, dates are ISO 8601, midnight is left out, truth is TRUE or FALSE as in Excel.
"""

import datetime
from decimal import Decimal

Value = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def text_of(value: Value) -> str:
    """The text of a value as python-calamine gives it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    return value.isoformat()


def _number(value: float) -> str:
    """With the 15 digits a spreadsheet keeps: 0.30000000000000004 is 0.3 there, and here."""
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text else text


def _duration(value: datetime.timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
