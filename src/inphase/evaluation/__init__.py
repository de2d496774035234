"""Evaluation that can be trusted: named protocols, controls beside every score, intervals."""
