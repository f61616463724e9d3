"""How a mail leaves: claim -> prepare -> gate -> deliver -> record; recover and evidence mend what was cut short."""
