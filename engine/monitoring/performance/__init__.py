"""How well the live version does on rows whose labels are known, over time and by column."""
