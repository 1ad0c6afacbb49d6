"""When a school has lessons: bell times, holidays, exceptions; shared by all that judges times."""
