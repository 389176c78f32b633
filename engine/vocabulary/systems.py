"""What holds a project's code: Git, Subversion, or neither, and then it is a folder that is what its files are."""

from __future__ import annotations

GIT, SUBVERSION, FOLDER = "git", "svn", "folder"
NAMES = {GIT: "Git", SUBVERSION: "Subversion", FOLDER: "nothing"}
UNHELD = "no Git commit or Subversion revision holds this code"
"""What is said of a folder's code wherever it is shown."""
