from __future__ import annotations

import pytest

from engine.environments.python.names import ANOTHER, CALLED, doubts, named
from engine.environments.python.requirements import logical_lines
from engine.environments.python.uv_process import own_words
from engine.environments.records import canonical

SKLEARN = """error: Failed to build `sklearn==0.0.post12`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta` failed (exit status: 1)

         [stderr]
         The 'sklearn' PyPI package is deprecated, use 'scikit-learn'
         rather than 'sklearn' for pip commands.

         More information is available at
         https://sklearn.example/page

hint: `sklearn` is often confused for `scikit-learn`. Did you mean to install `scikit-learn` instead?
"""
DEPRECATED = "The 'sklearn' PyPI package is deprecated, use 'scikit-learn' rather than 'sklearn' for pip commands"
STARRED = """error: Failed to build `skimage==0.0`
  cause: The build backend returned an error

         [stderr]

         *** Please install the `scikit-image` package (instead of `skimage`) ***

hint: Build failures usually indicate a problem with the package or the build environment
"""
RAISED = """error: Failed to build `some-stub==2.0`
  cause: The build backend returned an error

         [stdout]
         running egg_info

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 3, in <module>
         RuntimeError: some-stub was renamed;
         use right-name instead

hint: Build failures usually indicate a problem with the package or the build environment
"""
COMPILER = """error: Failed to build `old==1.0`
  cause: The build backend returned an error

         [stderr]
         gcc -c old.c
         old.c:1:10: fatal error: Python.h: No such file or directory
"""
NEW = """error: Failed to build `wrong-name==2.0`
  cause: The build backend returned an error
hint: `wrong-name` is often confused for `right-name`. Did you mean to install `right-name` instead?
"""
MISSING = """error: No solution found when resolving dependencies
  cause: Because {name} was not found in the package registry and you require {name}, we can conclude
         that your requirements are unsatisfiable.
"""


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (SKLEARN, DEPRECATED),
        (STARRED, "Please install the `scikit-image` package (instead of `skimage`)"),
        (RAISED, "RuntimeError: some-stub was renamed; use right-name instead"),
        (COMPILER, "old.c:1:10: fatal error: Python.h: No such file or directory"),
        (NEW, ""),
        ("", ""),
    ],
)
def test_what_a_package_says_that_cannot_be_built_is_found(stderr: str, words: str) -> None:
    assert own_words(stderr) == words


@pytest.mark.parametrize(
    ("text", "stderr", "sentence"),
    [
        (
            "pandas\n\nsklearn>=0.0 # learn\n",
            SKLEARN,
            f"needs.txt line 3: 'sklearn' is not the package; write scikit-learn (it says: {DEPRECATED}).",
        ),
        ("PIL", MISSING.format(name="pil"), "needs.txt line 1: 'PIL' is not the package; write pillow."),
        ("Some_Stub", RAISED, "needs.txt line 1, Some_Stub: It cannot be had."),
        ("wrong.name", NEW, "needs.txt line 1: 'wrong.name' is not the package; write right-name."),
        ("pandas", MISSING.format(name="a-part-of-it"), "It cannot be had."),
        ("pandas", "error: something else", "It cannot be had."),
    ],
)
def test_what_cannot_be_had_names_its_line_and_the_right_name(text: str, stderr: str, sentence: str) -> None:
    assert named("It cannot be had.", stderr, "needs.txt", logical_lines(text)) == sentence


@pytest.mark.parametrize("name", ["PIL", "cv2", "yaml", "skimage", "dateutil", "sklearn", "bs4", "OpenSSL", "imblearn"])
def test_names_of_modules_that_are_no_packages_are_known(name: str) -> None:
    said = named("No.", MISSING.format(name=canonical(name)), "needs.txt", [(7, name)])
    assert said == f"needs.txt line 7: '{name}' is not the package; write {CALLED[canonical(name)]}."


def test_packages_that_are_others_than_the_modules_of_their_name_are_doubtful() -> None:
    assert doubts("needs.txt", logical_lines("pandas\nCrypto==1.4\nattrs\n")) == (
        "needs.txt line 2 asks for Crypto; the package that is imported under that name is usually pycryptodome",
    )


def test_the_tables_hold_canonical_names_that_differ_from_what_they_lead_to() -> None:
    for wrong, right in {**CALLED, **ANOTHER}.items():
        assert canonical(wrong) == wrong != canonical(right)
    assert not CALLED.keys() & ANOTHER.keys()


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("statsmodels.api", "statsmodels"),
        ("sklearn.ensemble>=1", "scikit-learn"),
        ("matplotlib.pyplot", "matplotlib"),
        ("skopt", "scikit-optimize"),
        ("pytorch==2.0", "torch"),
        ("opencv", "opencv-python-headless"),
    ],
)
def test_a_part_of_a_package_and_other_import_names_name_the_package(asked: str, meant: str) -> None:
    stderr = MISSING.format(name=canonical(asked.partition("=")[0].rstrip(">")))
    said = named("It is not there.", stderr, "requirements.txt", logical_lines(f"pandas\n{asked}\n"))
    assert said.startswith("requirements.txt line 2: ") and f"is not the package; write {meant}" in said


def test_a_name_with_a_dot_of_its_own_is_not_cut() -> None:
    stderr = MISSING.format(name="zope-interfaces")
    said = named("It is not there.", stderr, "requirements.txt", logical_lines("zope.interfaces\n"))
    assert said == "requirements.txt line 1, zope.interfaces: It is not there."
