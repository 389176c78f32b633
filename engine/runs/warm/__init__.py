"""Processes of the engine's own that begin with their imports paid: forks of one that has loaded everything."""
