"""A project's folder in a Git repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source import git_log
from engine.projects.source.code_folder import filled
from engine.projects.source.git import Repository
from engine.projects.source.git_files import (
    changes_of,
    patch_of,
    refuse_changed_elsewhere,
    refuse_filtered,
    refuse_repositories_inside,
    take_commit,
)
from engine.projects.source.git_process import Objects, objects
from engine.projects.source.plain_folder import take_files
from engine.projects.source.records import (
    CHANGED,
    UNTOLD,
    CodeAuthor,
    Commit,
    Origin,
    Source,
    Standing,
    refuse_dirty,
)
from engine.projects.source.remote import without_credentials
from engine.text import plain
from engine.vocabulary.systems import GIT


class GitCheckout:
    """See ``WorkingCopy``."""

    system = GIT

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def inspect(self) -> Source:
        with objects(self._repository.folder, self._repository.environment()) as store:
            return self._source(store, changes_of(self._repository, store)[0])

    def take(self, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
        repository = self._repository
        with objects(repository.folder, repository.environment()) as store:
            changes, fetched = changes_of(repository, store)
            source = self._source(store, changes)
            if source.revision is None:
                return _taken_as_it_is(source, repository.folder, target, allow_dirty=allow_dirty)
            if not allow_dirty:
                refuse_changed_elsewhere(repository, store, changes)
                refuse_filtered(repository, changes)
                refuse_dirty(source, repository.folder)
            patch = ""
            if changes:
                submodules = refuse_repositories_inside(repository, changes)
                patch = patch_of(repository, submodules, fetched)
            if not patch:  # what was staged was taken back in the files: they are those of the commit
                source, changes = replace(source, dirty=False, changed=()), {}
            with filled(target) as code:
                take_commit(repository, store, code, changes)
            return source, patch or None

    def commits(self, old: Origin, new: Origin) -> tuple[Commit, ...]:
        if old.system != GIT or old.revision is None or new.revision is None:
            return ()
        if not git_log.are_commits(old.revision, new.revision):
            return ()
        return git_log.commits(self._repository, old.revision, new.revision)

    def authors(self, old: Origin | None, new: Origin) -> tuple[CodeAuthor, ...]:
        if new.revision is None:
            return (UNTOLD,)
        known = old.revision if old is not None and old.system == GIT else None
        return git_log.authors(self._repository, known, new.revision)

    def standing(self, name: str) -> Standing:
        asked = ("status", "--porcelain=v1", "-z", "--ignored=matching", "--untracked-files=all")
        said = self._repository.git(*asked, "--ignore-submodules=all", "--", f":(literal){name}")
        return "ignored" if said.startswith(b"!!") else "untracked" if said.startswith(b"??") else "unknown"

    def _source(self, store: Objects, changes: dict[str, str]) -> Source:
        repository = self._repository
        remote = self._remote()
        changed = tuple(plain(name, 300) for name in sorted(changes)[:CHANGED])
        commit = store.read(repository.revision) if repository.revision else None
        if commit is None and repository.revision:
            raise Refusal(
                f"The Git repository of {plain(str(repository.folder), 200)} lacks the commit that it has checked out; "
                "run 'git fsck' there."
            )
        if commit is None or (repository.prefix and store.read(repository.tree) is None):
            return Source(None, repository.branch, remote, True, changed, None, None, None)
        head, _, message = commit.decode("utf-8", "replace").partition("\n\n")
        written = dict(line.partition(" ")[::2] for line in reversed(head.split("\n")))
        return Source(
            revision=repository.revision,
            branch=repository.branch,
            remote=remote,
            dirty=bool(changes),
            changed=changed,
            message=plain(message.strip(), 500),
            author=plain(written.get("author", "").partition(" <")[0], 100),
            committed_at=git_log.time(written.get("committer", "").rpartition("> ")[2].partition(" ")[0]),
        )

    def _remote(self) -> str | None:
        config = self._repository.config
        named = {
            key.removeprefix("remote.").removesuffix(".url"): url
            for key, url in config.items()
            if key.startswith("remote.") and key.endswith(".url")
        }
        upstream = config.get(f"branch.{self._repository.branch}.remote", "origin")
        url = named.get(upstream) or named.get("origin") or next(iter(named.values()), None)
        return without_credentials(url) if url else None


def _taken_as_it_is(source: Source, folder: Path, target: Path, *, allow_dirty: bool) -> tuple[Source, None]:
    if not allow_dirty:
        refuse_dirty(source, folder)
    take_files(folder, target)
    return source, None
