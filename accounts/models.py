"""Agencies, the people who work in them, and the roles they hold."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


class Agency(models.Model):
    """An authority that holds galleries and cases on a lawful basis of its own."""

    name = models.CharField(max_length=200)
    code = models.SlugField(max_length=20, unique=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person may do; one person may hold several, though never two parts in one review."""

    INTAKE = "intake", "Intake"
    REVIEWER = "reviewer", "Reviewer"
    ADJUDICATOR = "adjudicator", "Adjudicator"
    LIAISON = "liaison", "Liaison"
    ASSERTER = "asserter", "Asserts identity"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class UserManager(BaseUserManager["User"]):
    """Makes accounts. There is no superuser: what a person may do follows from their roles."""

    def create_user(self, username: str, *, password: str, **facts: Any) -> "User":
        """Make an account with a hashed password."""
        user = self.model(username=self.model.normalize_username(username), **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """A person with an account. What they may do follows from their roles alone."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(max_length=200)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="people")

    is_superuser = False

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "full_name", "agency"]

    class Meta:
        ordering = ("full_name",)
        constraints = (models.UniqueConstraint(Lower("username"), name="user_name_once_whatever_its_case"),)

    def __str__(self) -> str:
        return self.full_name or self.username

    @property
    def is_staff(self) -> bool:  # type: ignore[override]
        """Whether the administration is open to this person."""
        return self.has_role(Role.ADMINISTRATOR)

    @property
    def roles(self) -> frozenset[str]:
        """The roles this person holds, asked of the database once per object."""
        if not hasattr(self, "_roles"):
            self._roles = frozenset(self.held_roles.values_list("role", flat=True))
        return self._roles

    def has_role(self, role: Role) -> bool:
        """Whether this person is active and holds the role."""
        return self.is_active and role.value in self.roles

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name


class HeldRole(models.Model):
    """One role held by one person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="held_roles")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        ordering = ("user", "role")
        constraints = (
            models.UniqueConstraint(fields=("user", "role"), name="held_role_once_per_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="held_role_is_a_known_role"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"
