"""The version of this program: stands in everything that it writes, and names the package."""

VERSION = "0.1.0"
