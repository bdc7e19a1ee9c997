"""Encodings told apart by what the text holds."""

from __future__ import annotations

import pytest

from ctr_app.data.decoding import encoding_of_head, guess_encoding, is_like_ascii, known_encoding
from ctr_app.data.errors import InputError
from ctr_app.data.reading import ReadOptions, read_table

TEXTS = {
    "gb18030": "用户,电影,点击\n张三,英雄,1\n李四,卧虎藏龙,0\n",
    "big5": "用戶,電影,點擊\n張三,英雄,1\n李四,臥虎藏龍,0\n",
    "cp932": "ユーザー,映画,クリック\n山田,羅生門,1\n鈴木,七人の侍,0\n",
    "cp949": "사용자,영화,클릭\n김철수,올드보이,1\n이영희,기생충,0\n",
    "cp1251": "пользователь,фильм,клик\nИван,Сталкер,1\nПётр,Солярис,0\n",
    "koi8_r": "пользователь,фильм,клик\nИван,Сталкер,1\nПётр,Солярис,0\n",
    "cp1253": "χρήστης,ταινία,κλικ\nΝίκος,Ζορμπάς,1\nΆννα,Στέλλα,0\n",
    "cp1252": "utilisateur,film,clic\nHélène,“Amélie” 5 €,1\nJosé,Volver,0\n",
    "utf-8": "user,film,click\nHélène,Amélie,1\n张三,英雄,0\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("times", [1, 40])
def test_an_encoding_is_known_by_its_letters(encoding, times):
    assert guess_encoding((TEXTS[encoding] * times).encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_table_in_any_of_them_reads_as_it_was_written(encoding):
    header, *rows = (line.split(",") for line in TEXTS[encoding].splitlines())
    table = read_table(TEXTS[encoding].encode(encoding), "a.csv")
    assert table.frame.columns == header
    assert table.frame.head().rows() == [tuple(row) for row in rows]
    assert table.encoding == encoding
    assert (encoding in table.describe()) == (encoding != "utf-8")


def test_the_first_letters_beyond_ascii_decide_however_late_they_come():
    content = b"click,city\n" + b"1,Bonn\n0,Rome\n" * 100_000
    table = read_table(content + "1,Zürich\n".encode("cp1252"), "a.csv")
    assert (table.encoding, table.frame["city"][-1]) == ("cp1252", "Zürich")
    table = read_table(content + "1,Zürich\n".encode(), "a.csv")
    assert (table.encoding, table.frame["city"][-1]) == ("utf-8", "Zürich")


def test_the_user_can_say_the_encoding():
    content = "klik,město\n1,Plzeň\n0,Łódź\n".encode("cp1250")
    table = read_table(content, "a.csv", ReadOptions(encoding="cp1250"))
    assert table.frame["město"].to_list() == ["Plzeň", "Łódź"]
    with pytest.raises(InputError, match="There is no encoding klingon; try utf-8"):
        read_table(content, "a.csv", ReadOptions(encoding="klingon"))
    with pytest.raises(InputError, match="There is no encoding rot13"):
        read_table(content, "a.csv", ReadOptions(encoding="rot13"))


def test_bytes_that_do_not_fit_are_counted_and_shown():
    rows = "".join(f"{i % 2},città {i}\n" for i in range(50)).encode()
    table = read_table(b"click,city\n" + rows + b"1,caf\xe9\n0,caf\xe9\n", "a.csv")
    assert table.encoding == "utf-8"
    assert table.frame["city"].to_list()[-2:] == ["caf\ufffd", "caf\ufffd"]
    assert table.notes == (
        "Bytes of another encoding, shown as “\ufffd”: 2 rows; the first is line 52, which holds bytes of another "
        "encoding.",
    )


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"\xef\xbb\xbfclick", "utf-8"),
        (b"\xff\xfec\0l\0", "utf-16"),
        (b"\xfe\xff\0c\0l", "utf-16"),
        (b"\xff\xfe\0\0c\0\0\0", "utf-32"),
        ("click,site\n".encode("utf-16-le"), "utf-16-le"),
        ("click,site\n".encode("utf-16-be"), "utf-16-be"),
        (b"click", None),
        (b"", None),
        (bytes(99), None),
    ],
)
def test_marks_and_zero_bytes_give_an_encoding_away(head, encoding):
    assert encoding_of_head(head) == encoding


def test_encodings_of_one_byte_a_line_end_are_told_from_others():
    assert all(map(is_like_ascii, ("utf-8", "cp1252", "gb18030", "big5", "cp932", "koi8_r")))
    assert not any(map(is_like_ascii, ("utf-16", "utf-32-be", "cp037", "utf-7")))


def test_names_of_encodings_are_those_of_python():
    assert known_encoding("GBK") == "gbk"
    for name in ("", "base64", "no such"):
        with pytest.raises(InputError, match="There is no encoding"):
            known_encoding(name)
