"""Tracebacks that tell nothing of folders."""

from __future__ import annotations

import pytest
from pyroplug_gateway.tracebacks import without_folders


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('  File "/srv/app/shop.py", line 3, in sell\n', '  File "shop.py", line 3, in sell\n'),
        ('  File "C:\\srv\\app\\shop.py", line 3\n', '  File "shop.py", line 3\n'),
        ('  File "relative/shop.py", line 3\n', '  File "shop.py", line 3\n'),
        ('  File "/with space/a b/shop.py", line 3\n', '  File "shop.py", line 3\n'),
        ('  File "<string>", line 3\n', '  File "<string>", line 3\n'),
        ("No such file or directory: '/srv/app/stock.db'\n", "No such file or directory: 'stock.db'\n"),
        ("config = /etc/shop/secret.ini", "config = secret.ini"),
        ("'D:\\data\\x.txt'", "'x.txt'"),
        ("'D:\\\\data\\\\x.txt'", "'x.txt'"),
        ("'\\\\\\\\host\\\\data\\\\x.txt'", "'x.txt'"),
        ("\\\\host\\data\\x.txt", "x.txt"),
        ("'\\srv\\app\\x.txt'", "'x.txt'"),
        ("/tmp", "tmp"),
        ("no '\\n', '\\u202e' or '\\x00'", "no '\\n', '\\u202e' or '\\x00'"),
        ("<b>no</b></i >", "<b>no</b></i >"),
        ("    return a/b/c", "    return a/b/c"),
        ("    return a / b", "    return a / b"),
        ("http://example.org/a/b", "http://example.org/a/b"),
        ("ValueError: no\n", "ValueError: no\n"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    assert without_folders(text) == left
    assert without_folders(left) == left
