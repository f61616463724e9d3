"""What other systems and languages call the fields of a lead.

Written as people write them; matching folds case, accents, spaces and punctuation, so one spelling of each is enough.
The order counts: of two columns that fit one field, the one listed first wins.
"""
# ruff: noqa: RUF001

_LISTS = {
    "email": """
        email, email address, e-mail 1 value, email 1, primary email, main email, work email, business email,
        contact email, person email, company email, professional email, mail, mail address, email id,
        emailadresse, mailadresse, e-mail adres, mailadres, courriel, adresse email, adresse e-mail, adresse
        courriel, adresse de messagerie, correo, correo electrónico, dirección de correo, dirección de correo
        electrónico, dirección de email, indirizzo email, indirizzo e-mail, posta elettronica, endereço de
        email, endereço de e-mail, correio eletrônico, correio eletrónico, e-postadress, e-post, epost,
        e-postadresse, sähköposti, sähköpostiosoite, e-mailová adresa, emailová adresa, adres email, adres
        e-mail, poczta, email cím, e-mail cím, adresă email, adresă de email, eposta, e-posta, e-posta adresi,
        электронная почта, почта, эл. почта, адрес электронной почты, емейл, имейл, електронна пошта,
        ηλεκτρονικό ταχυδρομείο, メール, メールアドレス, eメール,
        邮箱, 电子邮件, 电子邮箱, 電子郵件, 이메일, 이메일 주소, personal email
    """,
    "first_name": """
        first name, given name, forename, fname, first, christian name, vorname, prénom, nombre, primer
        nombre, nombre de pila, nome, primeiro nome, voornaam, förnamn, fornavn, etunimi, jméno, křestní
        jméno, meno, krstné meno, imię, keresztnév, utónév, prenume, ad, isim, имя, ім'я, име, όνομα, 名, 名字,
        이름, ime
    """,
    "last_name": """
        last name, surname, family name, lname, last, second name, nachname, familienname, zuname, nom, nom de
        famille, apellido, apellidos, primer apellido, cognome, sobrenome, apelido, último nome, achternaam,
        familienaam, efternamn, efternavn, etternavn, sukunimi, příjmení, priezvisko, nazwisko, vezetéknév,
        családnév, nume, nume de familie, soyad, soyadı, soyisim, фамилия, прізвище, фамилно име, επώνυμο,
        επίθετο, 姓, 姓氏, 성, prezime, priimek
    """,
    "full_name": """
        full name, name, contact name, contact, person, person name, lead name, display name, contact full
        name, vollständiger name, vor- und nachname, nom complet, nombre completo, nombre y apellidos, nome
        completo, nome e cognome, volledige naam, naam, fullständigt namn, namn, fulde navn, fullt navn, navn,
        nimi, celé jméno, jméno a příjmení, meno a priezvisko, imię i nazwisko, teljes név, név, nume complet,
        ad soyad, фио, полное имя, имя и фамилия, піб, ονοματεπώνυμο, 氏名, お名前, 姓名, 성명
    """,
    "company": """
        company, company name, organization, organisation, organization 1 name, organization name,
        organisation name, employer, business, business name, firm, account, account name, current company,
        company name for emails, firma, firmenname, unternehmen, arbeitgeber, société, entreprise, raison
        sociale, employeur, empresa, compañía, organización, nombre de la empresa, azienda, società, ragione
        sociale, nome da empresa, bedrijf, bedrijfsnaam, företag, företagsnamn, virksomhed, bedrift, yritys,
        společnost, název firmy, zaměstnavatel, spoločnosť, nazwa firmy, cég, cégnév, companie, şirket, şirket
        adı, компания, организация, компанія, фирма, εταιρεία,
        会社, 会社名, 公司, 公司名称, 회사, 회사명, tvrtka, podjetje
    """,
    "title": """
        title, job title, position, role, job role, job position, organization 1 title, function, occupation,
        designation, current position, berufsbezeichnung, stelle, funktion, poste, fonction, intitulé du
        poste, titre, titre du poste, cargo, puesto, puesto de trabajo, ruolo, posizione, qualifica, função,
        functie, functietitel, befattning, stilling, titel, tehtävä, nimike, pozice, pracovní pozice, funkce,
        pozícia, stanowisko, beosztás, pozíció, funcție, unvan, pozisyon, должность, посада, длъжност, θέση,
        役職, 职位, 職稱, 직책, radno mjesto
    """,
    "phone": """
        phone, phone number, phone 1 value, mobile, mobile phone, mobile number, work phone, business phone,
        direct phone, work direct phone, telephone, tel, tel., cell, cell phone, corporate phone, company
        phone, home phone, primary phone, contact number, telefon, telefonnummer, handy, mobil, mobiltelefon,
        téléphone, numéro de téléphone, portable, teléfono, número de teléfono, móvil, celular, telefono,
        numero di telefono, cellulare, telefone, telemóvel, telefoon, telefoonnummer, mobiel, mobilnummer,
        puhelin, puhelinnumero, telefonní číslo, telefónne číslo, numer telefonu, komórka, telefonszám, număr
        de telefon, telefon numarası, cep telefonu, телефон, номер телефона, τηλέφωνο,
        電話, 電話番号, 电话, 手机, 전화번호
    """,
    "website": """
        website, website url, web page, webpage, web site, web, site, company website, homepage, home page,
        company url, domain, company domain, url, www, webseite, internetseite, site web, sitio web, página
        web, sito, sito web, site da empresa, hemsida, webbplats, hjemmeside, nettside, verkkosivu, webové
        stránky, stránky, strona, strona www, weboldal, honlap, web sitesi, сайт, веб-сайт, ιστοσελίδα,
        ウェブサイト, 网站, 網站, 웹사이트
    """,
    "linkedin_url": """
        linkedin, linkedin url, linkedin profile, linkedin profile url, person linkedin url, linkedin link,
        linkedin address, linkedin bio, contact linkedin url, profile url
    """,
    "city": """
        city, town, work city, mailing city, business city, location city, person city, stadt, ort, wohnort,
        ville, commune, ciudad, localidad, città, cidade, localidade, plaats, woonplaats, stad, by, poststed,
        kaupunki, město, obec, mesto, miasto, miejscowość, város, település, oraș, localitate, şehir, il,
        город, місто, град, πόλη, 市, 城市, 도시, grad
    """,
    "country": """
        country, country/region, country or region, work country, mailing country, nation, business
        country/region, country name, person country, land, pays, país, pais, paese, nazione, maa, země, stát,
        krajina, štát, kraj, państwo, ország, țara, țară, ülke, страна, країна, държава, χώρα, 国, 国家, 國家, 국가,
        država
    """,
    "timezone": """
        time zone, timezone, tz, iana time zone, contact time zone, zeitzone, fuseau horaire, zona horaria, huso
        horario, fuso orario, fuso horário, tijdzone, tidszon, tidszone, tidssone, aikavyöhyke, časové pásmo, strefa
        czasowa, időzóna, fus orar, saat dilimi, часовой пояс, часовий пояс, часова зона, ζώνη ώρας,
        タイムゾーン, 时区, 時區, 시간대, vremenska zona, časovni pas
    """,
}
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(" ".join(name.split()) for name in names.split(",")) for field, names in _LISTS.items()
}
