"""From files, tables and archives to a listing: pictures that are named and not yet decoded."""
