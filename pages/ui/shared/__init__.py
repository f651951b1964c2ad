"""What several pages use: the frame, the session, the gate, a lesson's wishes,
pictures, a run's status.
"""
