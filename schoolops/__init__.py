"""schoolops: the digital side of a city's schools."""

__version__ = "0.1.0"
