"""What every endpoint stands on: the current actor, problem answers, fast JSON."""
