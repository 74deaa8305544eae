"""Fines as data: one YAML file for each decree and each amendment, with source, dates and who verified it."""
