"""Projects: what their manifest says, and the code that a version takes from their folder."""
