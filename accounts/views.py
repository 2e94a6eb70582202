"""Signing in, and choosing one's own password."""

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy

from accounts.signals import password_changed


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


class ChangePassword(SuccessMessageMixin, PasswordChangeView):
    """Everybody replaces the password that an administrator gave them: it is their signature."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("home")
    success_message = "Your password is changed. Nobody but you knows it now."

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Change it together with its entry in the log."""
        with transaction.atomic():
            password_changed.send(sender=type(self), user=form.user)
            return super().form_valid(form)
