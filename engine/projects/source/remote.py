"""The address of a repository, fit to be shown and kept. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.text import plain


def without_credentials(url: str) -> str | None:
    """An address without password, token or query; the account name stays where it is one (ssh)."""
    if "://" not in url:
        # host:path of ssh, or a path; text before the @ is an account name, which a password would follow with a colon
        account, at, rest = url.partition("@")
        return plain(f"{account.partition(':')[0]}@{rest}" if at and "/" not in account else url, 300)
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")
    except ValueError:
        return None
    account = place[0].partition(":")[0] if parts.scheme.endswith("ssh") else ""
    return plain(f"{parts.scheme}://{account + '@' if account else ''}{place[2]}{parts.path}", 300)
