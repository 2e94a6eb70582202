"""Signing in and out."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView


class SignInForm(AuthenticationForm):
    """User name and password, with one sentence when they don't fit."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "That name and password don't belong together. Check both and try again.",
    }


class SignIn(LoginView):
    """The only page that anybody sees without an account; the framework marks it public."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
