"""[environment] of a manifest: each kind has keys of its own, and every mistake is told with what is allowed."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.projects.manifest.reader import Manifest, parse_manifest

COMMANDS = """
[project]
name = "shop"
[data]
extract = { command = ["sh", "extract.sh"] }
target = "late"
format = "csv"
[train]
run = { command = ["sh", "train.sh"] }
score = { command = ["sh", "score.sh"] }
[validation]
holdout = 0.2
metrics = ["roc_auc"]
"""


def read(environment: str, rest: str = COMMANDS) -> Manifest:
    return parse_manifest(f"[environment]\n{environment}\n{rest}")


def mistakes(environment: str, rest: str = COMMANDS) -> str:
    with pytest.raises(Invalid) as found:
        read(environment, rest)
    return "\n".join(map(str, found.value.mistakes))


def test_each_kind_has_keys_of_its_own() -> None:
    assert read("").environment.kind == "python"
    own = 'kind = "r"\nr = "4.2"\npackages = ["rpart", "data.table"]'
    r = read(f'{own}\nprograms = {{ java = "17", awk = "" }}').environment
    assert (r.kind, r.r, r.packages, r.programs) == ("r", "4.2", ("rpart", "data.table"), {"java": "17", "awk": ""})
    jvm = read('kind = "jvm"\njava = "17"\njars = ["lib/a.jar", "b.jar"]').environment
    assert (jvm.java, jvm.jars) == ("17", ("lib/a.jar", "b.jar"))
    image = f"registry.example:5000/model@sha256:{'0' * 64}"
    assert read(f'kind = "container"\nimage = "{image}"\nruntime = "podman"').environment.image == image
    assert read('kind = "system"\nprograms = { psql = "15" }').environment.programs == {"psql": "15"}


def test_a_csv_of_r_is_read_as_r_writes_it_and_no_other() -> None:
    assert read('kind = "r"').form == "csv of R"
    assert read("").form == "csv"
    assert read('kind = "r"', COMMANDS.replace('format = "csv"', "")).form == "parquet"


@pytest.mark.parametrize(("environment", "said"), [
    ('kind = "fortran"', "must be one of python, r, jvm, container, system"),
    ('kind = "r"\nrequirements = "requirements.txt"', "goes with kind = 'python', and kind is 'r' here"),
    ('r = "4.2"', "goes with kind = 'r', and kind is 'python' here"),
    ('kind = "jvm"\njar = ["a.jar"]', "is not a known key; did you mean 'jars'?"),
    ('kind = "system"', "is missing; a system environment is its programs"),
    ('kind = "container"', "is missing; name the image by its digest"),
    ('kind = "container"\nimage = "model:latest"', "it must be an image named by its digest"),
    ('kind = "jvm"\njars = ["../a.jar"]', "it must name a .jar inside the project's folder"),
    ('kind = "jvm"\njars = ["/opt/a.jar"]', "it must name a .jar inside the project's folder"),
    ('kind = "jvm"\njars = ["a.zip"]', "it must name a .jar inside the project's folder"),
    ('kind = "jvm"\njars = ["a/x.jar", "b/x.jar"]', "jars lie side by side"),
    ('kind = "r"\npackages = ["a;b"]', "which is no name of an R package"),
    ('kind = "r"\npackages = ["a1"]\nlock = "renv.lock"', "keep one of the two"),
    ('kind = "r"\nlock = "../renv.lock"', "it must name a file inside the project's folder"),
    ('programs = { "/bin/sh" = "" }', "is no name of a program"),
    ('programs = { "-rf" = "" }', "is no name of a program"),
    ('programs = { java = 17 }', 'write the version that is needed, such as "17"'),
    ('programs = { java = ">=17" }', 'write the version that is needed, such as "17"'),
    ('programs = ["java"]', "must name each program with its version"),
])  # fmt: skip
def test_a_mistake_says_what_is_allowed(environment: str, said: str) -> None:
    assert said in mistakes(environment)


def test_of_a_kind_that_nobody_knows_its_name_alone_is_the_mistake() -> None:
    with pytest.raises(Invalid) as refused:
        read('kind = "R"\nr = "4.2"\npackages = ["rpart"]')
    assert [each.where for each in refused.value.mistakes] == ["[environment] kind"]


def test_only_python_calls_functions_and_goes_to_a_cluster() -> None:
    rest = COMMANDS.replace('{ command = ["sh", "extract.sh"] }', '"shop:extract"')
    assert read("", rest).data.extract.callable == "shop:extract"
    said = mistakes('kind = "r"', rest + '[compute]\nscheduler = "tls://a:8786"\nmode = "step"\n')
    assert "[data] extract: is a Python function, and [environment] kind is 'r'" in said
    assert "brings Python to the workers of a cluster, and kind is 'r'" in said
    assert "is a Python function" not in mistakes('kind = "r"', COMMANDS.replace("extract = ", "extrct = "))
