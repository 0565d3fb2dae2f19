"""A contract of our own for import-linter (see [tool.importlinter] in pyproject.toml)."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """What a room keeps to itself: no other room imports these of its modules, or anything in them.

    import-linter's own `protected` and `forbidden` contracts name existing modules one by one; this one also covers
    the room's module that somebody adds tomorrow.

    - rooms:       packages the rule protects
    - closed:      names of modules directly in a room, e.g. `views`
    - may_enter:   packages that may import them all the same
    """

    type_name = "doors"

    rooms = fields.ListField(subfield=fields.StringField())
    closed = fields.ListField(subfield=fields.StringField())
    may_enter = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        found = []
        for imported in sorted(graph.modules):
            room, _, rest = imported.partition(".")
            if room not in self.rooms or rest.partition(".")[0] not in self.closed:
                continue
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                if importer.partition(".")[0] not in (room, *self.may_enter):  # type: ignore[misc]
                    lines = [
                        d["line_number"]
                        for d in graph.get_import_details(importer=importer, imported=imported)
                    ]
                    found.append((importer, imported, lines))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, lines in check.metadata["found"]:
            output.print_error(f"- {importer} -> {imported} (l. {', '.join(map(str, lines))})", bold=False)
        output.new_line()
