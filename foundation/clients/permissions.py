from rest_framework.permissions import IsAuthenticated


class ScopePermission(IsAuthenticated):
    pass
