# ruff: noqa: RUF001
import io

import pytest

from campaigns_project.errors import Refused
from leads.imports.encodings import BLOCK_SIZE, detect_encoding, named_encoding

CZECH = "Jiří Novák,Škoda Auto,Plzeň\nŽaneta Říhová,Ústav,Ústí nad Labem\nKateřina Horáčková,Čedok,Praha\n"
POLISH = "Paweł Wójcik,Żabka,Łódź\nMałgorzata Świątek,Śląsk,Kraków\n"
HUNGARIAN = "Győző Szőke,Magyar Posta,Győr\nErzsébet Tóth,Őrség,Székesfehérvár\n"
GERMAN = "Jürgen Müller,Größe GmbH,Köln\nBjörn Strauß,Käse AG,Düsseldorf\n"
FRENCH = "François Lefèvre,Société Générale,Besançon\nBenoît Châtelain,L’Oréal,Nîmes\n"
SPANISH = "José Muñoz,Compañía Española,Málaga\nÍñigo Pérez,Año,Cádiz\n"
PORTUGUESE = "João Conceição,Construções,São Paulo\nAntónio Magalhães,Ligações,Évora\n"
SWEDISH = "Åsa Sjöberg,Räksmörgås,Malmö\nBjörn Åkesson,Älgen,Göteborg\n"
TURKISH = "Ayşe Yılmaz,Türk Hava,İstanbul\nÇağrı Öztürk,Şişecam,Eskişehir\n"
RUSSIAN = "Иван Петров,Газпром,Москва\nСергей Иванов,Лукойл,Казань\n"
GREEK = "Γιώργος Παπαδόπουλος,Τράπεζα,Αθήνα\nΜαρία Νικολάου,Όμιλος,Θεσσαλονίκη\n"
JAPANESE = "山田太郎,株式会社日本,東京\n鈴木花子,トヨタ自動車,名古屋\n"
PLAIN_ROWS = "Email,Name\n" + "".join(f"p{n}@acme.example,plain row {n}\n" for n in range(5))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CZECH, "cp1250"),
        (CZECH, "iso8859-2"),
        (CZECH, "cp852"),
        (CZECH, "mac_latin2"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859-2"),
        (HUNGARIAN, "cp1250"),
        (HUNGARIAN, "iso8859-2"),
        (GERMAN, "cp1252"),
        (GERMAN, "mac_roman"),
        (GERMAN, "cp850"),
        (FRENCH, "cp1252"),
        (FRENCH, "mac_roman"),
        (SPANISH, "cp1252"),
        (SPANISH, "mac_roman"),
        (PORTUGUESE, "cp1252"),
        (SWEDISH, "cp1252"),
        (SWEDISH, "mac_roman"),
        (TURKISH, "cp1254"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (GREEK, "cp1253"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "gb18030"),
        (CZECH, "utf-8"),
        (CZECH, "utf-8-sig"),
        (CZECH, "utf-16"),
        (CZECH, "utf-16-le"),
        (CZECH, "utf-16-be"),
        (JAPANESE, "utf-8"),
        (PLAIN_ROWS, "ascii"),
    ],
)
def test_names_of_many_languages_come_out_of_the_bytes_as_they_went_in(text: str, encoding: str):
    content = (PLAIN_ROWS + text).encode(encoding)

    found = detect_encoding(io.BytesIO(content))

    assert content.decode(found.name) == (PLAIN_ROWS + text).encode(encoding).decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_need_no_mark_whatever_the_script(encoding: str):
    text = "メール,氏名\n" + "花子@例え.jp,山田花子という長い名前の人\n" * 400

    found = detect_encoding(io.BytesIO(text.encode(encoding)))

    assert found.name == encoding


def test_one_letter_at_the_end_of_a_large_file_decides():
    content = b"email,name\n" + b"ana@acme.example,Ana\n" * 200_000 + "joão@acme.example,João\n".encode("cp1252")

    found = detect_encoding(io.BytesIO(content))

    assert content.decode(found.name).endswith("João\n")


def test_utf8_with_a_few_damaged_bytes_stays_utf8():
    content = "email,name\nana@acme.example,Žaneta Říhová\n".encode() + b"bob@acme.example,B\xf3b\n"

    assert detect_encoding(io.BytesIO(content)).name == "utf-8"


def test_character_across_the_border_of_two_blocks_is_no_damage():
    content = b"a" * (BLOCK_SIZE - 1) + "ž".encode() * 3

    assert detect_encoding(io.BytesIO(content)).name == "utf-8"


def test_stream_is_left_at_its_beginning():
    stream = io.BytesIO(CZECH.encode("cp1250"))

    detect_encoding(stream)

    assert stream.tell() == 0


@pytest.mark.parametrize("name", ["no-such-encoding", "base64", "rot13", "", "utf-8\0", "idna", "unicode_escape"])
def test_what_is_no_text_encoding_is_refused(name: str):
    with pytest.raises(Refused) as refused:
        named_encoding(name)

    assert refused.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("UTF8", b"email", "utf-8"),
        ("utf-8", b"\xef\xbb\xbfemail", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfee\0", "utf-16"),
        ("windows-1250", b"email", "cp1250"),
        ("latin2", b"email", "iso8859-2"),
    ],
)
def test_named_encoding_is_taken_and_its_mark_is_taken_off(name: str, head: bytes, expected: str):
    assert named_encoding(name, head=head).name == expected
