"""Java, with the jars that a project names."""
