"""The door: operators reach the console and its verbs with an SSH client, and nothing else. See docs/ssh.md."""
