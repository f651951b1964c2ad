"""From files, tables and archives to a listing: pictures that are not decoded yet."""
