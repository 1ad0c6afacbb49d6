"""Support tickets: from a teacher's thirty seconds to 'it works again'."""
