"""Fitted estimators as plain tables: read strictly, and evaluated without scikit-learn. See docs/compiled.md."""
