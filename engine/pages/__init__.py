"""The pages for business people and the figures for monitoring, over HTTP: read only, in a process of its own."""
