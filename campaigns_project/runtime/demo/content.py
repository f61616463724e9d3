"""The wordings of the demo's two mails."""

from django.conf import settings

INTRODUCTION, FOLLOW_UP = "introduction", "follow_up"
TEMPLATE = "Introduction"  # of the first mail

_SUBJECTS = {
    INTRODUCTION: '{{ first_name | default: "Hello" }}, less waiting at the quay',
    FOLLOW_UP: "",  # it replies in the thread
}


def wording(name: str) -> dict[str, str]:
    """Subject and bodies of one of the two mails, as `campaigns.steps` takes them."""
    body = (settings.BASE_DIR / "templates" / "emails" / f"{name}.html").read_text(encoding="utf-8")
    preheader = "Four minutes on what worked in three ports." if name == INTRODUCTION else ""
    return {"subject": _SUBJECTS[name], "preheader": preheader, "body_html": body, "body_text": ""}


# A search of Apollo's interface as one would copy it; its API knows no lists of an account.
SEARCH = (
    "https://app.apollo.io/#/people?personTitles[]=head%20of%20logistics&personTitles[]=port%20manager"
    "&personLocations[]=Germany&organizationNumEmployeesRanges[]=51,500&qOrganizationSearchListId=68a1f0e2c4"
)
NOT_ASKED = "qOrganizationSearchListId=68a1f0e2c4"

# A list from a fair, as such lists are: in the encoding of a German Excel, with what people mistype.
VISITORS = """E-Mail;Vorname;Nachname;Firma;Position;Stand
joerg.brandt@nordwind.example;Jörg;Brandt;Nordwind Energie;Leiter Einkauf;A12
k.schaefer@nordwind.example;Katrin;Schäfer;Nordwind Energie;Geschäftsführerin;A12
info@weberei-klein.example;Paul;Klein;Weberei Klein;Inhaber;B03
lena.vogt(at)hafenbau.example;Lena;Vogt;Hafenbau Süd;Projektleiterin;B07
m.okafor@hafenbau.example;Maria;Okafor;Hafenbau Süd;Bauleiterin;B07
;Uwe;Thoms;Thoms & Söhne;Meister;C01
t.ilg@lichtwerk.example;Tom;Ilg;Lichtwerk;Vertrieb;C04
t.ilg@lichtwerk.example;Thomas;Ilg;Lichtwerk;Vertrieb;C04
ana.lopes@lichtwerk.example;Ana;Lopes;Lichtwerk;Einkauf;C04
"""

AUTOMATIC = ("I am out of the office until Monday and read no mail. Ask my colleagues at the front desk.",)
# What people of the demo write back.
ANSWERS = (
    "Thanks, that sounds useful. Could you call me on Thursday after two?\n\nBest regards",
    "Not now, our budget is spent. Please write again in spring.",
    "Who else uses this at a port of our size? And what does it cost for 40 people?",
    "I am not the right person for it. My colleague in operations decides, I have passed your mail on.",
    "Yes, please send me the details. A short overview on one page would be best.",
    "We have something like this already, thank you.",
    *AUTOMATIC,
)
