import pytest
from django.db import connection
def test_a(db):
    with connection.cursor() as c:
        c.execute("select current_user, current_database()"); print(c.fetchone())
def test_b(application_role):
    c = application_role.cursor(); c.execute("select current_user, current_database()"); print(c.fetchone())
    c.execute("select count(*) from runs_run"); 
