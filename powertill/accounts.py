"""Who may open an account: nobody from outside; staff and customers are added by staff."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Keep login, logout and second factors, but no sign-up page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
