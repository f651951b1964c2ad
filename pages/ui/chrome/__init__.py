"""What surrounds every page: the bar at the top, the share dialog, the
application that is served.
"""
