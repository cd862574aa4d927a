"""Measurements of dimscope itself, a folder for each question: see README.md."""
