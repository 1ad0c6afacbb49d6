"""The agents' registry: invitations, joining, what each agent is told to do."""
