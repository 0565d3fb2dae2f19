"""Migrations whose models are rendered once for many operations.

Django renders every model again that is related to a changed one, after each operation. With 280 models that all meet
in the employee, 1,000 operations rendered 64,000 models, which was 96 % of the time that an empty database needed.
Here neighbouring operations that only add something share one state: first what all of them change is written down,
then the models are rendered once, then the database is changed operation by operation, as ever.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger

# What schema_editor.create_model makes by itself for a model that already has it.
PART_OF_A_NEW_MODEL = (migrations.AddField, migrations.AddIndex, migrations.AddConstraint, AddTrigger)
ADDING = (migrations.CreateModel, *PART_OF_A_NEW_MODEL)


def _groups(operations: list[Operation]) -> Iterator[list[Operation]]:
    """The operations in their order, those that only add together, every other one for itself."""
    group: list[Operation] = []
    for operation in operations:
        if isinstance(operation, ADDING):
            group.append(operation)
            continue
        if group:
            yield group
        yield [operation]
        group = []
    if group:
        yield group


class Migration(migrations.Migration):
    """A migration that adds what stands together in one step. Backwards it goes operation by operation."""

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> Any:
        if collect_sql:
            return super().apply(project_state, schema_editor, collect_sql)
        every = list(self.operations)
        try:
            for group in _groups(every):
                if len(group) > 1:
                    self._add(group, project_state, schema_editor)
                else:
                    vars(self)["operations"] = group
                    super().apply(project_state, schema_editor)
        finally:
            vars(self)["operations"] = every
        return project_state

    def _add(
        self, group: list[Operation], project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        before = project_state.clone()
        project_state.__dict__.pop("apps", None)  # so that nothing is rendered until all is written down
        for operation in group:
            operation.state_forwards(self.app_label, project_state)
        made = set()
        for operation in group:
            if isinstance(operation, migrations.CreateModel):
                made.add(operation.name_lower)
            elif str(getattr(operation, "model_name", "")).lower() in made:
                continue  # came with the model, whose final state was made
            operation.database_forwards(self.app_label, schema_editor, before, project_state)
