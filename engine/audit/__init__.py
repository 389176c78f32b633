"""The audit trail: every act leaves a row, and no row can be changed, taken out or put in unnoticed."""
