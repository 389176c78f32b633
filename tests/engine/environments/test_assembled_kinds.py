"""What every kind of environment but Python's has in common: whole or absent, compared, mended, rebuilt from what a
version keeps."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine.environments import assembled
from engine.environments.findings import standing_environments
from engine.environments.kind import KINDS, kind_of
from engine.environments.parts_lock import Part, PartsLock, read_parts_lock
from engine.environments.records import Environment, Program, nothing_kept
from engine.errors import Damage, Invalid, NotFound, Refusal
from engine.packages.matrix import of_section
from engine.projects.manifest.records import EnvironmentSpec
from engine.storage.objects import ObjectStore
from engine.versions.environment import left_out, lock_of, section, supply_of
from tests.people import open_engine
from tests.programs import Programs
from tests.version_documents import WHOLE

JAVA = EnvironmentSpec(kind="jvm", java="17", jars=("lib/model.jar",))
DIGEST = "c" * 64
IMAGE = EnvironmentSpec(kind="container", image=f"registry.example/model@sha256:{DIGEST}", runtime="podman")
SYSTEM = EnvironmentSpec(kind="system", programs={"tool": "2"})


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path / "bin", monkeypatch)
    found.says("java", 'openjdk version "17.0.15"')
    found.says("tool", "tool 2.5")
    found.does("podman", f'case "$*" in *sha256:{DIGEST}) echo sha256:abc;; *) echo podman 4.3;; esac')
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    open_engine(tmp_path / "workspace", create=True).close()
    return tmp_path / "workspace"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "code" / "lib").mkdir(parents=True)
    (tmp_path / "code" / "lib" / "model.jar").write_bytes(b"PK\x03\x04 a jar")
    return tmp_path / "code"


def built(root: Path, code: Path, spec: EnvironmentSpec) -> tuple[PartsLock, Environment]:
    kind = KINDS[spec.kind]
    lock = kind.lock(spec, code, root / "cache")
    return lock, kind.build(lock, root / "environments")


@pytest.mark.parametrize("spec", [JAVA, IMAGE, SYSTEM], ids=lambda spec: spec.kind)
def test_each_is_locked_alike_twice_built_compared_and_read_again(
    machine: Programs, root: Path, code: Path, spec: EnvironmentSpec
) -> None:
    lock, environment = built(root, code, spec)
    kind = kind_of(lock)
    assert kind.lock(spec, code, root / "cache") == lock
    assert kind.read_lock(json.loads(json.dumps(lock.to_json()))) == lock
    assert kind.compare(environment, lock) == ()
    assert [found.name for found in kind.standing(root / "environments")] == [environment.path.name]
    others = [other for name, other in KINDS.items() if name != spec.kind]
    assert not [found for other in others for found in other.standing(root / "environments")]


def test_a_jar_lies_on_the_class_path_with_javas_home(machine: Programs, root: Path, code: Path) -> None:
    lock, environment = built(root, code, JAVA)
    jar = environment.path / "jars" / "model.jar"
    assert jar.read_bytes() == b"PK\x03\x04 a jar"
    assert environment.variables["CLASSPATH"] == str(jar)
    assert environment.variables["JAVA_HOME"] == str(machine.folder.parent)
    assert lock.packages[0].version == f"sha256 {hashlib.sha256(jar.read_bytes()).hexdigest()[:12]}"
    assert KINDS["jvm"].words(lock) == "Java 17.0.15"


def test_doctor_promises_no_build_where_a_program_of_the_machine_is_missing(
    machine: Programs, root: Path, code: Path
) -> None:
    _, environment = built(root, code, JAVA)

    def said() -> str:
        (finding,) = standing_environments(environment.path.parent, {}, lambda digest: nothing_kept, mend=False)
        return finding.sentence

    jar = environment.path / "jars" / "model.jar"
    jar.chmod(0o644)
    jar.write_bytes(b"PK\x03\x04 forged")
    assert said().endswith("runs refuse it. 'leverframe doctor --fix' builds it anew")
    (machine.folder / "java").unlink()
    machine.only_these()
    assert said().endswith("runs refuse it until that is there again") and "--fix" not in said()


def test_a_jar_that_says_what_it_is_is_locked_and_listed_by_that(
    machine: Programs, root: Path, code: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(code / "lib" / "model.jar", "w") as jar:
        said = "groupId=org.example\nartifactId=model\nversion=2.1-rc1\n"
        jar.writestr("META-INF/maven/org.example/model/pom.properties", said)
    lock, environment = built(root, code, JAVA)
    assert [(each.name, each.version) for each in lock.packages] == [("model.jar", "org.example:model:2.1-rc1")]
    assert "model.jar org.example:model:2.1-rc1 sha256:" in lock.text
    kept = section(ObjectStore(root / "objects"), lock, environment, tmp_path)
    assert of_section(kept) == {"jvm:org.example:model": "2.1-rc1", "program:java": "17.0.15"}


def test_a_jar_that_changed_is_another_lock_and_one_changed_in_its_place_a_difference(
    machine: Programs, root: Path, code: Path
) -> None:
    lock, environment = built(root, code, JAVA)
    (code / "lib" / "model.jar").write_bytes(b"PK\x03\x04 another")
    assert KINDS["jvm"].lock(JAVA, code, root / "cache").digest != lock.digest
    jar = environment.path / "jars" / "model.jar"
    jar.chmod(0o644)
    jar.write_bytes(b"PK\x03\x04 forged")
    assert KINDS["jvm"].compare(environment, lock) == ("jars/model.jar was changed",)


@pytest.mark.parametrize(("content", "error", "said"), [
    (None, NotFound, "There is no lib/model.jar in the project's code; build and commit it"),
    (b"not a jar", Invalid, "lib/model.jar is no jar"),
])  # fmt: skip
def test_a_jar_that_is_missing_or_none_is_told_before_any_run(
    machine: Programs, root: Path, code: Path, content: bytes | None, error: type[Refusal], said: str
) -> None:
    (code / "lib" / "model.jar").unlink()
    if content is not None:
        (code / "lib" / "model.jar").write_bytes(content)
    with pytest.raises(error, match=said):
        KINDS["jvm"].lock(JAVA, code, root / "cache")


def test_a_version_keeps_its_jars_and_is_rebuilt_from_them_alone(
    machine: Programs, root: Path, code: Path, tmp_path: Path
) -> None:
    lock, environment = built(root, code, JAVA)
    store = ObjectStore(root / "objects")
    kept = replace(WHOLE, environment=section(store, lock, environment, tmp_path))
    assert lock_of(store, kept) == lock
    for gone in (environment.path, root / "cache", code):
        shutil.rmtree(gone)
    with pytest.raises(Refusal):
        kind_of(lock).build(lock, root / "environments")
    assert not environment.path.exists()
    kind_of(lock).build(lock, root / "environments", supply_of(store, kept))
    assert kind_of(lock).compare(environment, lock) == ()


def test_what_no_version_keeps_is_named_with_how_it_is_now(
    machine: Programs, root: Path, code: Path, tmp_path: Path
) -> None:
    store = ObjectStore(root / "objects")
    found = section(store, *built(root, code, IMAGE), tmp_path)
    machine.does("podman", f'case "$*" in *sha256:{DIGEST}) echo sha256:abc;; *) echo podman 5.0;; esac')
    assert left_out(found) == (
        "podman, which is the machine's: 4.3 then, 5.0 now",
        f"image registry.example/model@sha256:{DIGEST[:12]}, which the machine keeps",
    )
    assert found.words == f"image registry.example/model@sha256:{DIGEST}"[:86]


def test_an_image_that_is_not_here_is_refused_with_how_to_bring_it(machine: Programs, root: Path, code: Path) -> None:
    lock, environment = built(root, code, IMAGE)
    machine.does("podman", "echo podman 4.3; exit 0")
    said = f"podman has no image {IMAGE.image} here; bring it with 'podman pull {IMAGE.image}'"
    assert KINDS["container"].compare(environment, lock) == (said,)
    with pytest.raises(Refusal, match="podman has no image"):
        KINDS["container"].lock(IMAGE, code, root / "cache")


def test_a_program_of_another_version_is_a_difference_and_keeps_one_from_being_built(
    machine: Programs, root: Path, code: Path
) -> None:
    lock, environment = built(root, code, SYSTEM)
    machine.says("tool", "tool 3.0")
    assert KINDS["system"].compare(environment, lock) == ("tool is 3.0 here now, it was 2.5, and 2 is asked for",)
    assert KINDS["system"].lacks(SYSTEM) == (
        "tool is 3.0 on this machine, and the project asks for 2; install that one, or change it in [environment] of "
        "leverframe.toml",
    )
    with pytest.raises(Refusal, match=r"cannot be had here: tool is 3\.0"):
        KINDS["system"].build(lock, root / "environments")


def test_one_that_was_changed_is_built_anew_and_one_whose_lock_is_lost_taken_away(
    machine: Programs, root: Path, code: Path
) -> None:
    lock, environment = built(root, code, SYSTEM)
    (environment.path / "programs.txt").write_text("forged")
    (found,) = KINDS["system"].standing(root / "environments")
    assert found.differences == ("programs.txt was changed",)
    assert KINDS["system"].mend(found, root / "environments") == "built anew"
    assert KINDS["system"].compare(environment, lock) == ()
    assert KINDS["system"].mend(replace(found, lock=None), root / "environments").startswith("taken away")
    assert not environment.path.exists()


def test_a_build_that_is_cut_short_leaves_nothing_and_the_next_one_sweeps_what_a_kill_left(
    machine: Programs, root: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS["system"]
    lock = kind.lock(SYSTEM, code, root / "cache")
    left = root / "environments" / f".{lock.digest[:16]}.dead.building"
    left.mkdir(parents=True)
    with monkeypatch.context() as broken:
        broken.setattr(assembled, "take", lambda folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kind.build(lock, root / "environments")
    assert [path.name for path in (root / "environments").iterdir() if path.is_dir()] == []
    assert kind.compare(kind.build(lock, root / "environments"), lock) == ()


LOCK = PartsLock("jvm", (Part("a.jar", "", "a" * 64),), (Program("java", "17.0.15", "17"),))


@pytest.mark.parametrize("change", [
    {"kind": "r"}, {"format": 2}, {"platform": "../.."}, {"parts": [["../a.jar", "", "a" * 64, True]]},
    {"parts": [["a/../../b.jar", "", "a" * 64, True]]},
    {"parts": [["/etc/passwd", "", "a" * 64, True]]}, {"parts": [["a.jar", "", "short", True]]},
    {"parts": [["a.jar", "", "a" * 64, True], ["a.jar", "", "b" * 64, True]]}, {"parts": [["a.jar", "", "a" * 64, 1]]},
    {"programs": [["../sh", "1", ""]]}, {"programs": [["java", "\x1b[2J", ""]]}, {"programs": "java"}, {"parts": None},
])  # fmt: skip
def test_a_strangers_lock_is_believed_in_nothing(change: dict[str, object]) -> None:
    said = json.loads(LOCK.to_json()["content"]) | change
    content = json.dumps(said, sort_keys=True, separators=(",", ":"))
    told = {"content": content, "digest": hashlib.sha256(content.encode()).hexdigest()}
    with pytest.raises(Invalid, match="make it anew with a retraining run"):
        read_parts_lock(told, "jvm")


def test_one_is_built_apart_from_what_its_version_keeps_alone(
    machine: Programs, root: Path, code: Path, tmp_path: Path
) -> None:
    """The machine still has the jar, and a rehearsal that took it from there would prove nothing."""
    lock, _ = built(root, code, JAVA)
    kind = KINDS["jvm"]
    with pytest.raises(Damage, match="does not keep the part [0-9a-f]{12} of its environment"):
        kind.build_apart(lock, lambda _: None, nothing_kept, tmp_path / "apart", None)

    def other(digest: str, target: Path) -> bool:
        target.write_bytes(b"PK\x03\x04 another jar")
        return True

    with pytest.raises(Refusal, match=r"The jar model\.jar is not what was locked"):
        kind.build_apart(lock, lambda _: None, other, tmp_path / "other", None)
    machine.says("java", 'openjdk version "21.0.1"')
    with pytest.raises(Refusal, match=r"cannot be had here: java is 21\.0\.1 here now"):
        kind.build_apart(lock, lambda _: None, nothing_kept, tmp_path / "later", None)
    assert not (tmp_path / "later").exists()


def test_nothing_is_built_anew_with_a_program_of_another_version(machine: Programs, root: Path, code: Path) -> None:
    _, environment = built(root, code, SYSTEM)
    (environment.path / "programs.txt").write_text("forged")
    (found,) = KINDS["system"].standing(root / "environments")
    machine.says("tool", "tool 3.0")
    with pytest.raises(Refusal, match=r"cannot be had here: tool is 3\.0"):
        KINDS["system"].mend(found, root / "environments")
    assert (environment.path / "programs.txt").read_text() == "forged"


def test_a_lock_in_another_spelling_is_none() -> None:
    content = json.dumps(json.loads(LOCK.to_json()["content"]), indent=1)
    with pytest.raises(Invalid, match="make it anew"):
        read_parts_lock({"content": content, "digest": hashlib.sha256(content.encode()).hexdigest()}, "jvm")


def test_a_lock_that_is_not_what_its_digest_says_is_damage() -> None:
    told = LOCK.to_json()
    assert read_parts_lock(told, "jvm") == LOCK
    with pytest.raises(Damage):
        read_parts_lock({**told, "content": told["content"].replace("17", "21")}, "jvm")
    with pytest.raises(Invalid):
        read_parts_lock({}, "jvm")


def test_nothing_kept_supplies_nothing(tmp_path: Path) -> None:
    assert nothing_kept("a" * 64, tmp_path / "file") is False
