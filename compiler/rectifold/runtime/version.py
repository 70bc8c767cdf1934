"""The version, in one place: the wheel, --version and `rectifold.__version__` take it from here."""

__version__ = "0.1.0"
