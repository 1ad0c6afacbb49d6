"""Who somebody is: the computer's own user, and persons with named tokens."""
