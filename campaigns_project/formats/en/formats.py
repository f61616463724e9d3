"""Dates and times as people everywhere read them without a second look.

A time comes with its zone, so that nobody has to guess whose hour it is. Where there is little room it goes into the
line below its date, and is not torn apart.
"""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j\N{NO-BREAK SPACE}M\N{NO-BREAK SPACE}Y, H:i\N{NO-BREAK SPACE}T"
SHORT_DATE_FORMAT = DATE_FORMAT
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
