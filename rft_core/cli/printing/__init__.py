"""What the command line prints, a file a theme."""
