"""Keycloak's administration: the realm, its users, and accounts that are taken over.

Speaks through python-keycloak, which is imported with the first connection.
"""
