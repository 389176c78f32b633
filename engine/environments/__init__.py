"""What a project's Python needs: locked with hashes, built once per lock, compared with what is on the disk."""
