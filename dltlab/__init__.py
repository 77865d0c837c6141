"""The deep-learning-theory laboratory in your terminal."""

__version__ = "0.1.0"
