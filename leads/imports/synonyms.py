"""What other systems and languages call the fields of a lead.

Written as people write them; matching folds case, accents, spaces and punctuation, so one spelling of each is enough.
The order counts: of two columns that fit one field, the one listed first wins.
"""
# ruff: noqa: RUF001

_LISTS = {
    "email": """
        email, email address, e-mail 1 value, email 1, primary email, main email, work email, business email,
        contact email, person email, company email, professional email, mail, mail address, email id, primary
        work email, person - email - work, email (work), contact email 1, lead email, subscriber email,
        recipient, recipient email, user email, login email, email addresses, emailadresse, mailadresse, e-mail
        adres, mailadres, courriel, adresse email, adresse e-mail, adresse courriel, adresse de messagerie,
        correo, correo electrónico, dirección de correo, dirección de correo electrónico, dirección de email,
        indirizzo email, indirizzo e-mail, posta elettronica, endereço de email, endereço de e-mail, correio
        eletrônico, correio eletrónico, e-postadress, e-post, epost, e-postadresse, sähköposti,
        sähköpostiosoite, e-mailová adresa, emailová adresa, adres email, adres e-mail, poczta, email cím,
        e-mail cím, adresă email, adresă de email, eposta, e-posta, e-posta adresi, электронная почта, почта,
        эл. почта, адрес электронной почты, емейл, имейл, електронна пошта, ηλεκτρονικό ταχυδρομείο, メール,
        メールアドレス, eメール, 邮箱, 电子邮件, 电子邮箱, 電子郵件, 이메일, 이메일 주소, geschäftliche e-mail,
        dienstliche e-mail, e-mail geschäftlich, firmen-e-mail, email professionnel, e-mail professionnel,
        adresse électronique, mél, correo corporativo, correo profesional, email de trabajo, correo de trabajo,
        email aziendale, mail aziendale, email corporativo, email comercial, zakelijk e-mailadres, zakelijke
        e-mail, e-mail służbowy, adres poczty elektronicznej, firemní e-mail, pracovní e-mail, elektronická
        pošta, jobbmejl, mejl, mejladress, personal email, email (home), person - email - home, person - email -
        other, secondary email, e-mail 2 value, email 2
    """,
    "first_name": """
        first name, given name, forename, fname, first, christian name, contact first name, person - first name,
        lead first name, rufname, vorname, prénom, nombre, primer nombre, nombre de pila, nome, primeiro nome,
        voornaam, förnamn, fornavn, etunimi, jméno, křestní jméno, meno, krstné meno, imię, keresztnév, utónév,
        prenume, ad, isim, имя, ім'я, име, όνομα, 名, 名字, 이름, ime
    """,
    "last_name": """
        last name, surname, family name, lname, last, second name, contact last name, person - last name, lead
        last name, nachname, familienname, zuname, nom, nom de famille, apellido, apellidos, primer apellido,
        cognome, sobrenome, apelido, último nome, achternaam, familienaam, efternamn, efternavn, etternavn,
        sukunimi, příjmení, priezvisko, nazwisko, vezetéknév, családnév, nume, nume de familie, soyad, soyadı,
        soyisim, фамилия, прізвище, фамилно име, επώνυμο, επίθετο, 姓, 姓氏, 성, prezime, priimek
    """,
    "full_name": """
        full name, name, contact name, contact, person, person name, lead name, display name, contact full name,
        file as, ansprechpartner, kontaktperson, interlocuteur, persona de contacto, referente, pessoa de
        contato, contactpersoon, osoba kontaktowa, kontaktní osoba, vollständiger name, vor- und nachname, nom
        complet, nombre completo, nombre y apellidos, nome completo, nome e cognome, volledige naam, naam,
        fullständigt namn, namn, fulde navn, fullt navn, navn, nimi, celé jméno, jméno a příjmení, meno a
        priezvisko, imię i nazwisko, teljes név, név, nume complet, ad soyad, фио, полное имя, имя и фамилия,
        піб, ονοματεπώνυμο, 氏名, 名前, お名前, 姓名, 성명
    """,
    "company": """
        company, company name, associated company, primary associated company, person - organization, account
        name (linked), lead company, organization, organisation, organization 1 name, organization name,
        organisation name, employer, business, business name, firm, account, account name, current company,
        company name for emails, firma, firmenname, unternehmen, arbeitgeber, société, entreprise, raison
        sociale, employeur, empresa, compañía, organización, nombre de la empresa, azienda, società, ragione
        sociale, nome da empresa, bedrijf, bedrijfsnaam, företag, företagsnamn, virksomhed, bedrift, yritys,
        společnost, název firmy, zaměstnavatel, spoločnosť, nazwa firmy, cég, cégnév, companie, şirket, şirket
        adı, компания, организация, компанія, фирма, εταιρεία, 会社, 会社名, 公司, 公司名称, 회사, 회사명,
        tvrtka, podjetje
    """,
    "title": """
        title, job title, position, role, job role, person - job title, contact title, lead title, headline,
        current title, organization title, job position, organization 1 title, function, occupation,
        designation, current position, berufsbezeichnung, stelle, funktion, poste, fonction, intitulé du poste,
        titre, titre du poste, cargo, puesto, puesto de trabajo, ruolo, posizione, qualifica, função, functie,
        functietitel, befattning, stilling, titel, tehtävä, nimike, pozice, pracovní pozice, funkce, pozícia,
        stanowisko, beosztás, pozíció, funcție, unvan, pozisyon, должность, посада, длъжност, θέση, 役職, 职位,
        職稱, 직책, radno mjesto
    """,
    "phone": """
        phone, phone number, phone 1 value, person - phone, person - phone - work, person - phone - mobile,
        mobile phone number, business phone number, contact phone, other phone, mobile, mobile phone, mobile
        number, work phone, business phone, direct phone, work direct phone, telephone, tel, tel., cell, cell
        phone, corporate phone, company phone, home phone, primary phone, contact number, telefon,
        telefonnummer, telefon geschäftlich, téléphone (bureau), téléphone professionnel, teléfono del trabajo,
        telefono ufficio, telefono (uff.), telefone comercial, telefoon op werk, handy, mobil, mobiltelefon,
        téléphone, numéro de téléphone, portable, teléfono, número de
        teléfono, móvil, celular, telefono, numero di telefono, cellulare, telefone, telemóvel, telefoon,
        telefoonnummer, mobiel, mobilnummer, puhelin, puhelinnumero, telefonní číslo, telefónne číslo, numer
        telefonu, komórka, telefonszám, număr de telefon, telefon numarası, cep telefonu, телефон, номер
        телефона, τηλέφωνο, 電話, 電話番号, 电话, 手机, 전화번호
    """,
    "website": """
        website, website url, web page, webpage, web site, web, site, company website, homepage, home page,
        company url, url, www, company website url, corporate website, business website, organization website,
        webseite, internetseite, site web, sitio web, página web, sito, sito web, site da empresa, hemsida,
        webbplats, hjemmeside, nettside, verkkosivu, webové stránky, stránky, strona, strona www, weboldal,
        honlap, web sitesi, сайт, веб-сайт, ιστοσελίδα, ウェブサイト, 网站, 網站, 웹사이트
    """,
    "linkedin_url": """
        linkedin, linkedin url, linkedin profile, linkedin profile url, person linkedin url, linkedin link,
        linkedin address, linkedin bio, contact linkedin url, profile url, linkedin profile link, linkedin
        member url, linkedin public profile url, linkedin-profil, profil linkedin, perfil de linkedin, profilo
        linkedin, perfil do linkedin, linkedin-profiel, hs linkedin url, person - linkedin, linkedin contact
        profile url
    """,
    "city": """
        city, town, work city, mailing city, business city, location city, person city, contact city, address 1
        city, city/town, town/city, stadt, ort, ort geschäftlich, wohnort, ville (bureau), ciudad del
        trabajo, città (uff.),
        cidade comercial, plaats op werk, ville, commune, ciudad, localidad, città, cidade,
        localidade, plaats, woonplaats, stad, by, poststed, kaupunki, město, obec, mesto, miasto, miejscowość,
        város, település, oraș, localitate, şehir, il, город, місто, град, πόλη, 市, 城市, 도시, grad
    """,
    "country": """
        country, country/region, country or region, work country, mailing country, nation, address 1 country,
        contact country, land/region, business country/region, country name, land/region geschäftlich,
        pays/région (bureau),
        país o región del trabajo, paese/area geografica (uff.), país/região comercial, person country, land,
        pays, país,
        pais, paese, nazione, maa, země, stát, krajina, štát, kraj, państwo, ország, țara, țară, ülke, страна,
        країна, държава, χώρα, 国, 国家, 國家, 국가, država
    """,
    "seniority": """
        seniority, seniority level, management level, job level, career level, hierarchy, hierarchieebene,
        hierarchiestufe, karrierestufe, senioritätslevel, führungsebene, niveau hiérarchique, niveau de
        responsabilité, ancienneté, nivel jerárquico, antigüedad, livello gerarchico, anzianità, nível
        hierárquico, senioridade, senioriteit, functieniveau, poziom stanowiska, seniorita, úroveň pozice,
        senioritet, chefsnivå
    """,
    "industry": """
        industry, company industry, primary industry, account industry, industries, sector, business sector,
        business type, line of business, vertical, company vertical, branche, industrie, wirtschaftszweig,
        secteur, secteur d'activité, industria, sector de actividad, rubro, settore, settore di attività,
        industria azienda, indústria, setor, setor de atividade, sector de atividade, ramo, ramo de atividade,
        bedrijfstak, sector bedrijf, branża, przemysł, odvětví, obor, obor podnikání, bransch, branschområde,
        branche virksomhed, bransje, toimiala, odvetvie, iparág, sektör, domeniu de activitate, отрасль, сфера
        деятельности, галузь, κλάδος, 業界, 業種, 行业, 產業, 산업
    """,
    "company_domain": """
        company domain, domain, domain name, company domain name, website domain, company website domain, email
        domain, account domain, organization domain, primary domain, company primary domain, domäne,
        firmendomain, domaine, nom de domaine, dominio, dominio de la empresa, dominio aziendale, domínio,
        domínio da empresa, domein, domeinnaam, domena, domena firmy, doména, doména společnosti, domän, domæne,
        domene, домен
    """,
    "company_size": """
        company size, number of employees, employees, employee count, no. of employees, num employees, company
        number of employees, company employee count, employee range, employee size, employees range, headcount,
        company headcount, headcount range, staff count, company staff count, team size, company employee size,
        estimated num employees, mitarbeiter, mitarbeiterzahl, anzahl mitarbeiter, anzahl der mitarbeiter,
        unternehmensgröße, firmengröße, beschäftigte, effectif, effectifs, nombre d'employés, nombre de
        salariés, taille de l'entreprise, taille entreprise, número de empleados, empleados, tamaño de la
        empresa, tamaño empresa, plantilla, numero di dipendenti, dipendenti, dimensione azienda, dimensioni
        azienda, número de funcionários, funcionários, tamanho da empresa, número de colaboradores, aantal
        medewerkers, aantal werknemers, medewerkers, bedrijfsgrootte, liczba pracowników, wielkość firmy,
        zatrudnienie, počet zaměstnanců, velikost firmy, velikost společnosti, zaměstnanci, antal anställda,
        anställda, företagsstorlek, antal ansatte, antall ansatte, virksomhedsstørrelse, henkilöstömäärä, počet
        zamestnancov, alkalmazottak száma, çalışan sayısı, număr de angajați, количество сотрудников, размер
        компании, кількість працівників, 従業員数, 员工人数, 公司规模, 직원 수
    """,
    "timezone": """
        time zone, timezone, tz, iana time zone, contact time zone, zeitzone, fuseau horaire, zona horaria, huso
        horario, fuso orario, fuso horário, tijdzone, tidszon, tidszone, tidssone, aikavyöhyke, časové pásmo,
        strefa czasowa, időzóna, fus orar, saat dilimi, часовой пояс, часовий пояс, часова зона, ζώνη ώρας,
        タイムゾーン, 时区, 時區, 시간대, vremenska zona, časovni pas
    """,
    # All that says it counts, whatever else does.
    "do_not_contact": """
        do not contact, dnc, do not email, do not e-mail, do not mail, do not send email, do not write to, no
        email,
        unsubscribed, unsubscribe, is unsubscribed, email unsubscribed, globally unsubscribed, has unsubscribed,
        unsubscribed from all email, unsubscribed from all emails, unsubscribed from emails, unsubscribed
        from email,
        unsubscribed from marketing emails, unsubscribed at, unsubscribed on, unsubscribed date, unsubscribe
        date,
        unsubscribe time, date unsubscribed, unsub time, unsub date, clean time, cleaned, opted out, opt out,
        optout,
        is opted out, email opt out, email optout, email opted out, e-mail opt out, mail opt out, marketing
        opt out,
        opt out of email, opted out of emails, has opted out of email, opt out date, email opt out date,
        opted out at,
        do not allow emails, do not allow bulk emails, do not bulk email, blacklisted, email blacklisted,
        blocklisted,
        email blocklisted, suppressed, is suppressed, bounced, email bounced, hard bounced, hard bounce,
        complained,
        spam complaint, marked as spam, portal bounce, portal unsubscribe, portal spam report, global bounce,
        hard
        bounce reason, email hard bounce reason, hard bounced reason, unsubscribe reason, unsubscribed
        reason, reason
        for unsubscribing, opt out reason, email opt out reason, do not contact reason, marketing status, email
        marketing status, email marketing consent, subscription status, email subscription status, subscriber
        status,
        newsletter status, abgemeldet, ausgetragen, abgemeldet am, nicht kontaktieren, nicht anschreiben, keine
        e-mails, keine e-mail, keine werbung, werbesperre, kontaktsperre, e-mail-sperre, mailsperre, désabonné,
        désinscrit, ne pas contacter, ne plus contacter, opposition e-mail, no contactar, no enviar correos,
        dado de
        baja, baja, fecha de baja, non contattare, disiscritto, não contatar, não contactar, descadastrado, niet
        contacteren, niet mailen, niet benaderen, uitgeschreven, afgemeld, nie kontaktować, nie kontaktować się,
        wypisany, nekontaktovat, odhlášen, odhlášený, nekontaktovať, kontakta ej, kontakta inte,
        avregistrerad, må ikke
        kontaktes, afmeldt, avmeldt, älä ota yhteyttä, leiratkozott, nu contactați, dezabonat, iletişime
        geçmeyin, не
        писать, не беспокоить, отписан, не контактувати, 配信停止, 退订, 请勿联系, 수신거부
    """,
}
SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(" ".join(name.split()) for name in names.split(",")) for field, names in _LISTS.items()
}
