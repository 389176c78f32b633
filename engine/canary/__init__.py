"""How a canary does beside the live version in the same time, and when it is ended because it surely does worse."""
