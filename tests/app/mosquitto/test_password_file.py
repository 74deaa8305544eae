import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from app.errors import StartError
from app.mosquitto.password_file import hashed, new_password, read_passwords, write_passwords


def test_hash_is_the_pbkdf2_that_it_says() -> None:
    _, version, iterations, salt, digest = hashed("secret").split("$")
    expected = hashlib.pbkdf2_hmac("sha512", b"secret", base64.b64decode(salt), int(iterations))
    assert (version, base64.b64decode(digest)) == ("7", expected)


def test_hash_of_the_same_password_differs() -> None:
    assert hashed("secret") != hashed("secret")


def test_password_is_long_and_plain() -> None:
    assert len(new_password()) == 32
    assert new_password().replace("-", "").replace("_", "").isalnum()


@pytest.mark.mosquitto
def test_file_is_understood_by_mosquittos_own_tool(tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd")
    assert tool is not None, "mosquitto_passwd is missing: it comes with mosquitto"
    path = tmp_path / "passwd"
    write_passwords(path, {"TK-L-0001": hashed("one"), "TK-L-0002": hashed("two")})
    subprocess.run([tool, "-D", str(path), "TK-L-0001"], check=True, capture_output=True)
    assert list(read_passwords(path)) == ["TK-L-0002"]


def test_file_is_replaced_as_a_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    write_passwords(path, {"a": "x"})
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    write_passwords(path, {"b": "y"})
    assert (read_passwords(path), path.stat().st_mode & 0o777) == ({"b": "y"}, 0o640)
    assert [file.name for file in tmp_path.iterdir()] == ["passwd"]


def test_file_with_a_damaged_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("a:x\nnothing\n", encoding="utf-8")
    with pytest.raises(StartError, match="line 2 is no name:hash"):
        read_passwords(tmp_path / "passwd")


def test_file_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="as root or as the broker's user"):
        write_passwords(tmp_path / "missing" / "passwd", {})
