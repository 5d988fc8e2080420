"""People over time: the course of everybody's answers, and what it amounts to."""
