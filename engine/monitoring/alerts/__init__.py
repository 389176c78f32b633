"""What is not well, from the look that found it to the look that found it gone."""
