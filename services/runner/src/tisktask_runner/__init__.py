"""Tisktask."""
