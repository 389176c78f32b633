"""What a shadow said of live requests beside what was answered: compared, counted, kept, told."""
