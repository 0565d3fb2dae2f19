from django.urls import path

from foundation.delivery import views

app_name = "delivery"
urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read_all, name="read_all"),
    path("notices/mail/", views.mail_choice, name="mail_choice"),
    path("notices/<int:notice_id>/open/", views.open_notice, name="open"),
]
