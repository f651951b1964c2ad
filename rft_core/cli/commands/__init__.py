"""One file a theme: each has an `app` with its commands."""
