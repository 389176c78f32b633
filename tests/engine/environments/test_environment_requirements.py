from __future__ import annotations

import pytest

from engine.environments.python.requirements import plain_requirements
from engine.environments.records import canonical
from engine.errors import Invalid

HASH = "--hash=sha256:" + "a" * 64


@pytest.mark.parametrize(
    "line",
    [
        "pandas",
        "Pandas==2.2.3",
        "scikit_learn >= 1.5 , < 2",
        "pandas[excel, parquet]~=2.2",
        "numpy (>=1.26)",
        "tzdata; sys_platform == 'win32'",
        "typing-extensions>=4 ; python_version < \"3.12\" and extra != 'x'",
        "torch==2.4.0+cpu",
        "six==1.17.*",
        f"six==1.17.0 {HASH}",
        "a",
    ],
)
def test_a_plain_requirement_is_taken_as_it_is(line: str) -> None:
    assert plain_requirements(line) == (line,)


def test_comments_blank_lines_and_a_byte_order_mark_say_nothing() -> None:
    text = "\ufeff# what we need\n\npandas>=2  # tables\n   \n# end \\\nsix\n"
    assert plain_requirements(text) == ("pandas>=2", "six")


def test_lines_that_end_in_a_backslash_are_one_requirement() -> None:
    (line,) = plain_requirements(f"six==1.17.0 \\\n    {HASH} \\\n    {HASH}\n")
    assert line.split() == ["six==1.17.0", HASH, HASH]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e .", "editable"),
        ("-e.", "editable"),
        ("--editable=.", "editable"),
        ("-r ../other.txt", "other files are not read"),
        ("-r/etc/passwd", "other files are not read"),
        ("--requirement other.txt", "other files are not read"),
        ("-c constraints.txt", "other files are not read"),
        ("--index-url http://evil.example/simple", "may not choose the registry"),
        ("-ihttp://evil.example/simple", "may not choose the registry"),
        ("--extra-index-url=http://evil.example/simple", "may not choose the registry"),
        ("--find-links wheels", "may not choose the registry"),
        ("--trusted-host evil.example", "may not choose the registry"),
        ("--pre", "options are not taken"),
        ("--no-binary :all:", "options are not taken"),
        ("https://evil.example/x-1.0-py3-none-any.whl", "never from an address"),
        ("six @ https://evil.example/six.whl", "never from an address"),
        ("six @ file:///tmp/six.whl", "never from an address"),
        ("six@file:six.whl", "never from an address"),
        ("git+https://evil.example/x.git@main", "never from an address"),
        ("git+ssh://git@evil.example/x", "never from an address"),
        ("./six", "never from a path"),
        ("../six", "never from a path"),
        ("/opt/six", "never from a path"),
        ("six-1.17.0-py2.py3-none-any.whl", "never from a path"),
        ("six @ ../six", "never from a path"),
        ("six==${TOKEN}", "variables are not filled in"),
        ("six --config-settings=x=y", "this is not a requirement"),
        ("six ==", "this is not a requirement"),
        ("pandas 2.2", "this is not a requirement"),
        ("six; os_name == $(id)", "variables are not filled in"),
        ("six --hash=md5:0123", "this is not a requirement"),
        ("a" * 100_000, "this is not a requirement"),
    ],
)
def test_a_line_that_reaches_past_the_registry_is_refused_with_its_reason(line: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        plain_requirements(f"pandas\n{line}\n")
    (mistake,) = caught.value.mistakes
    assert mistake.line == 2
    assert reason in mistake.message
    assert "line 2" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_every_refused_line_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        plain_requirements("-e .\npandas\n--pre\n", "needs.txt")
    assert [mistake.line for mistake in caught.value.mistakes] == [1, 3]
    assert str(caught.value).startswith("needs.txt line 1: '-e .'")
    assert "and 1 more" in str(caught.value)


def test_a_refused_line_cannot_send_escape_sequences_to_the_terminal() -> None:
    with pytest.raises(Invalid) as caught:
        plain_requirements("-e \x1b[31m\x07evil")
    assert "\x1b" not in str(caught.value)
    assert "\x07" not in str(caught.value)


def test_a_file_of_millions_of_characters_is_refused() -> None:
    with pytest.raises(Invalid, match="more than 1,000,000 characters"):
        plain_requirements("six\n" * 300_000)


@pytest.mark.parametrize("name", ["Scikit_Learn", "scikit-learn", "scikit.learn", "SCIKIT-_.learn"])
def test_names_have_one_spelling(name: str) -> None:
    assert canonical(name) == "scikit-learn"
