"""Tests of access: what a grant lets through, accounts and roles, sign-in, sessions."""
