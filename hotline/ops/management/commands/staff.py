"""manage.py staff — a person who may sign in, and what they are in which unit."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from hotline.core.models import Membership, Role, Staff, Unit


class Command(BaseCommand):
    help = "Add a person, give them a role in a unit, or close their account."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="what colleagues read")
        parser.add_argument("--role", choices=Role.values)
        parser.add_argument("--unit", help="code of the unit the role is held in")
        parser.add_argument("--email", help="where notices are mailed to; empty: nowhere")
        parser.add_argument("--close", action="store_true", help="no sign-in from now on")
        parser.add_argument("--password", action="store_true", help="ask for a new password")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        staff = Staff.objects.filter(username=options["username"]).first()
        if options["close"]:
            if staff is None:
                raise CommandError(f"没有用户名为“{options['username']}”的人。")
            staff.is_active = False
            staff.save(update_fields=["is_active"])
            self.stdout.write(f"“{staff}”的账号已停用。")
            return
        if staff is None:
            staff = Staff(
                username=options["username"], display_name=options["name"] or options["username"]
            )
            options["password"] = True
        if options["password"]:
            staff.set_password(self._ask_password(staff))
        if options["email"] is not None:
            staff.email = self._checked(options["email"])
        staff.save()
        if options["role"]:
            self._join(staff, options["role"], options["unit"])
        self.stdout.write(f"“{staff}”可以登录。")

    def _checked(self, email: str) -> str:
        try:
            if email:
                validate_email(email)
        except ValidationError as error:
            raise CommandError(f"“{email}”不是电子邮件地址。") from error
        return email

    def _ask_password(self, staff: Staff) -> str:
        password = getpass.getpass("密码：")
        if password != getpass.getpass("再输一次："):
            raise CommandError("两次输入的密码不一样。")
        try:
            validate_password(password, staff)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password

    def _join(self, staff: Staff, role: str, code: str | None) -> None:
        today = timezone.localdate()
        unit = Unit.objects.in_force(today).filter(code=code or "").first()
        if unit is None:
            raise CommandError("请用 --unit 给出在用单位的代码。")
        Membership.objects.get_or_create(
            staff=staff, unit=unit, role=role, valid_to=None, defaults={"valid_from": today}
        )
