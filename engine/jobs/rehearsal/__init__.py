"""Rehearse the way back: rebuild versions offline, from what is kept, before anybody has to."""
