"""A knowledge base over a company's documents: retrieval, checked citations, scored answers, evaluation."""

from __future__ import annotations

__version__ = "0.1.0"
