"""What is replayed unless somebody says otherwise: the door needs no more of this room before it is asked."""

WEEKS = 26
POLICIES = "1w,4w,never"
