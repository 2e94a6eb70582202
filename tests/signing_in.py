"""Signing in as a person does, from an address."""

from django.test import Client

from tests.conftest import PASSWORD

SIGN_IN = "/sign-in/"


def sign_in(client: Client, name: str, password: str = PASSWORD, address: str = "10.0.0.1") -> int:
    data = {"username": name, "password": password}
    return client.post(SIGN_IN, data, REMOTE_ADDR=address).status_code
