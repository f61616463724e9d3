"""What can be told of an address by looking at it: a function instead of a person, a throw-away service.

Marks warn and rank, they refuse nothing: `info@` of a firm of one person is that person. Whether a server takes every
address (catch-all) cannot be seen from here; only a provider that asked the server knows.
"""

from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

# RFC 2142 sections 3 to 5, then what mailing systems refuse by default, then what offices of Europe are called.
_ROLE_NAMES = """
    info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp

    account accounting accounts admin administrator admissions advertising all api apply archive billing board
    booking bookings bounce bounces bugs career careers ceo cfo client clients compliance contact contactus
    corporate customer customercare customerservice customersuccess daemon data dataprotection delivery design
    desk devnull devops director directors dispatch dmarc dns do-not-reply donations donotreply editor editorial
    email emergency enquiries enquiry events everybody everyone example exec export facilities fax feedback
    finance forum frontdesk general government group guest guests hello help helpdesk hi home hr inbox inquiries
    inquiry internal investor investors invoice invoices invoicing it ithelp jobs join legal letters list
    listserv login logistics mail mailer-daemon mailerdaemon maintenance management manager media membership
    no-reply no.reply no_reply nobody noreply notification notifications null office officeadmin operations
    order orders owner partner partners payments payroll phish phishing postbox president press privacy
    procurement production public purchase purchasing quality quote quotes reception recruiting recruitment
    register registrar registration reply request requests reservation reservations returns root sale scheduling
    secretary service services shipping shop spam staff stats store students studio submissions subscribe
    sysadmin system team tech technical technik telecom test trade training travel undisclosed-recipients
    unsubscribe uptime user users vendor vendors volunteer web website welcome

    anfrage anfragen bestellung bestellungen bewerbung bewerbungen buchhaltung buero datenschutz einkauf empfang
    geschaeftsfuehrung gf impressum kanzlei karriere kontakt kundendienst kundenservice mailbox personal post
    poststelle praxis rechnung rechnungen sekretariat verkauf versand vertrieb verwaltung werbung zentrale

    accueil bonjour bureau commande commandes commercial comptabilite comptable courrier direction facturation
    juridique mairie presse recrutement rh sav secretariat serviceclient

    administracion atencionalcliente ayuda calidad citas clientes comercial compras contabilidad contacto correo
    direccion empleo facturacion gerencia hola informacion oficina pedidos prensa recepcion reservas rrhh
    soporte ventas

    acquisti amministrazione assistenza commerciale contabilita contatti direzione fatturazione lavoro ordini
    prenotazioni risorseumane segreteria ufficio ufficioacquisti vendite

    administracao atendimento contabilidade contato encomendas faleconosco financeiro geral recursoshumanos sac
    secretaria suporte vendas

    administratie bestellingen boekhouding facturatie inkoop klantenservice receptie vacatures verkoop

    biuro faktury handlowy kadry ksiegowosc praca recepcja reklamacje rekrutacja serwis sklep sprzedaz
    zamowienia

    fakturace fakturky kariera nakup obchod objednavky podatelna podpora prodej recepce reklamace servis uctarna

    bestallning ekonomi faktura forsaljning hej inkop jobb kontor kundservice kundtjanst

    asiakaspalvelu bestilling kundeservice laskutus myynti regnskab salg toimisto
"""
_ROLES = frozenset(_ROLE_NAMES.split())
_SUFFIXES = ("-request", "-owner", "-bounces", "-subscribe", "-unsubscribe")  # of mailing lists; RFC 2142 section 6


class Marks(NamedTuple):
    """What an address shows of itself."""

    is_role: bool
    is_disposable: bool


def marks(email_normalized: str) -> Marks:
    """The marks of an address in its normal form; `sales+eu@` is a role as `sales@` is."""
    local, _, domain = email_normalized.rpartition("@")
    name = local.partition("+")[0]
    return Marks(name in _ROLES or name.endswith(_SUFFIXES), _is_disposable(domain))


def _is_disposable(domain: str) -> bool:
    """Whether the domain or one above it is known for throw-away addresses: `x.mailinator.com` as `mailinator.com`."""
    known = _disposable_domains()
    while "." in domain:
        if domain in known:
            return True
        domain = domain.partition(".")[2]
    return False


@lru_cache(maxsize=1)
def _disposable_domains() -> set[str]:
    """The list of the package disposable-email-domains: a megabyte, loaded by the first address asked about."""
    domains: set[str] = import_module("disposable_email_domains").blocklist
    return domains
