"""The tables of the ledger, as the migrations of their names make them. One that was released is never edited."""
