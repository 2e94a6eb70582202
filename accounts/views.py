"""Signing in, and choosing one's own password."""

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy

from accounts.models import User
from accounts.services import set_password


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


class OwnPasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    def save(self, commit: bool = True) -> User:  # noqa: ARG002  (Django's own form has it)
        set_password(actor=self.user, user=self.user, password=self.cleaned_data["new_password1"])
        return self.user


class ChangePassword(SuccessMessageMixin, PasswordChangeView):
    """Everybody replaces the password that an administrator gave them: it is their signature."""

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("home")
    success_message = "Your password is changed. Nobody but you knows it now."
