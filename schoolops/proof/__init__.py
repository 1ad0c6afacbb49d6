"""What a line delivered in a month, against what is booked: reckoned, printed, signed, kept."""
