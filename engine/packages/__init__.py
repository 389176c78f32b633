"""The common package list: what every project's packages have to be, who need not and until when, and who is not."""
