"""Records as lines of toned text: pure, the same for screens, dialogs and the command line."""
