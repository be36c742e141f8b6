"""Reads records, never trains: tables, figures and claims for the notebook."""
