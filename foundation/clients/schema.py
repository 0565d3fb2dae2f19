from drf_spectacular.openapi import AutoSchema


class LaurelSchema(AutoSchema):
    pass
