"""Why a file, a mapping or a row is not taken, in words that say where and what to do."""

from django.utils.translation import gettext_lazy as _

from foundation.refusals import define_refusals

FILES = {
    "file_missing": _("Choose a file."),
    "file_too_big": _(
        "The file is larger than %(limit)s MB. Split it, for example by month, and import the parts."
    ),
    "file_no_room": _(
        "The server has no room for this file. Ask whoever operates the server; nothing was stored."
    ),
    "file_empty": _("The file is empty."),
    "file_no_rows": _("The file has a header but no row below it."),
    "file_type": _("“%(name)s” is not a CSV or XLSX file. Save it as one of these and import it again."),
    "file_is_xls": _(
        "This is an old or encrypted Excel file. Save it as XLSX, without a password, and import it again."
    ),
    "file_is_html": _("This is a web page, not a table. Open it in Excel, save it as XLSX and import that."),
    "file_is_binary": _("This is not a text file: unreadable characters begin in line %(line)s."),
    "file_mismatch": _(
        "The name ends in %(suffix)s, but the content is something else. Save the file again as CSV or XLSX."
    ),
    "file_nul": _("Line %(line)s contains a NUL character. Export the file again from its source."),
    "file_encoding": _(
        "The characters in line %(line)s cannot be read. Save the file as UTF-8 and import it again."
    ),
    "file_no_header": _("The first row looks like data. Put the names of the columns into the first row."),
    "file_duplicate_column": _("Two columns are called “%(column)s”. Give each column a name of its own."),
    "file_too_many_columns": _("The file has more than %(limit)s columns."),
    "file_too_many_rows": _(
        "The file has more than %(limit)s rows. Split it, for example by month, and import the parts."
    ),
    "file_long_value": _("A value in line %(line)s is longer than %(limit)s characters."),
    "file_unclosed_quote": _("A quotation mark that opens in line %(line)s is never closed."),
    "file_broken": _("The file cannot be read. Open it, save it again as XLSX or CSV and import that."),
    "file_no_sheet": _("The workbook has no sheet called “%(sheet)s”."),
    "workbook_broken": _(
        "The workbook is damaged or not a workbook. Open it in Excel, save it again and import that."
    ),
    "workbook_too_big": _(
        "Unpacked, the workbook is larger than %(limit)s MB. Save only the sheet with the data, or save it as CSV."
    ),
    "workbook_suspicious": _(
        "The workbook is packed in a way that no spreadsheet program does, so it was not opened."
    ),
    "workbook_dtd": _("The workbook refers to things outside of it (a document type), so it was not opened."),
    "workbook_too_wide": _(
        "The sheet reaches to row %(rows)s and column %(columns)s, most of it empty. "
        "Delete what stands far outside the table."
    ),
    "upload_gone": _("The uploaded file is no longer there. Upload it again."),
}
MAPPINGS = {
    "import_kind_unknown": _("There is no import of the kind “%(kind)s”."),
    "import_source_missing": _("Choose the source that the file comes from."),
    "import_source_unknown": _("There is no source “%(source)s”."),
    "import_options": _("The options must be an object with the keys that this import knows: %(known)s."),
    "mapping_shape": _("The mapping must be an object."),
    "mapping_unknown_field": _("This import has no field “%(name)s”."),
    "mapping_unknown_column": _("The file has no column “%(column)s”."),
    "mapping_incomplete": _("Match a column with: %(fields)s."),
    "import_forbidden": _("Your role does not allow this import."),
    "import_state": _("This import is already past that step. Reload the page to see where it stands."),
    "import_not_checked": _("Check the file before storing it."),
    "import_nothing_accepted": _(
        "No row can be stored. Look at the reasons below, correct the file and import it again."
    ),
    "import_has_rejects": _(
        "%(count)s rows are not as they should be, so nothing was stored. Correct the file and import it again."
    ),
    "import_changed": _(
        "The data changed since the check: now %(count)s rows are not as they should be. Check again."
    ),
    "rows_shape": _("rows must be a list of objects with one key per column."),
    "rows_too_many": _("At most %(limit)s rows in one request. Send the rest in another."),
}
ROWS = {
    "ragged_row": _("This row has %(found)s cells, the header has %(expected)s."),
    "value_forbidden": _("This contains characters that cannot be stored."),
    "value_missing": _("This must not be empty."),
    "value_not_number": _("This is not a number."),
    "value_not_integer": _("This is not a whole number."),
    "value_out_of_range": _("This must lie between %(low)s and %(high)s."),
    "value_not_date": _("This is not a date."),
    "value_not_time": _("This is not a time of day."),
    "value_not_duration": _("This is not a duration (seconds, MM:SS or HH:MM:SS)."),
    "value_not_boolean": _("This is not one of: %(known)s."),
    "value_not_choice": _("This is not one of: %(known)s."),
    "value_too_long": _("This is longer than %(limit)s characters."),
    "value_duplicate": _("This stands in line %(first)s already."),
}

define_refusals(FILES | MAPPINGS | ROWS)
