from django.urls import path

app_name = "incentives"
urlpatterns: list[path] = []
