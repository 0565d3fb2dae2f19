"""From a file to stored data: whole or not at all, for those who may, in the browser and by programs."""

from __future__ import annotations

import csv
import io
import os
import resource
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.clients.models import Scope
from foundation.intake import kinds, services, values
from foundation.intake.models import Import, Reject, Upload
from foundation.intake.reading import Table
from foundation.intake.retention import forget_unused_uploads
from foundation.refusals import Refusal
from foundation.runs.models import OutboxMessage, Run
from foundation.runs.services import drain_outbox
from tests.cast import Cast
from tests.foundation.test_runs_concurrency import PATIENCE, Worker

pytestmark = pytest.mark.django_db

State = Import.State
GOOD = "姓名,通话量\n王伟,3\n李娜,4\n"
MIXED = "姓名,通话量\n王伟,3\n李娜,=cmd\n,5\n"


class CallsKind(kinds.ImportKind):
    """Stores one row per line of the file, as outbox rows: a table that is at hand."""

    kind = "calls"
    label = "Calls"
    scope = "metrics:write"
    fields = (
        kinds.Field("name", "Name", required=True, names=("姓名",)),
        kinds.Field("calls", "Calls", required=True, names=("通话量",)),
        kinds.Field("note", "Note"),
    )

    def __init__(self) -> None:
        self.trouble: Callable[[], None] | None = None
        self.saved: dict[str, dict] = {}

    def check(self, import_record: Import, table: Table) -> kinds.Checked:
        frame = self.select(table, import_record.mapping)
        calls, wrong = values.to_number(frame["calls"])
        missing = frame["name"].isna()
        rejects = [
            *values.rejects_of(
                frame["calls"], wrong, name=import_record.mapping["calls"], code="value_not_number"
            ),
            *values.rejects_of(
                frame["name"], missing, name=import_record.mapping["name"], code="value_missing"
            ),
        ]
        good = frame.assign(calls=calls)[~wrong & ~missing]
        return kinds.Checked(good, rejects, {"total": float(good["calls"].sum())})

    def apply(self, import_record: Import, checked: kinds.Checked) -> dict:
        for row in checked.accepted.itertuples():
            OutboxMessage.objects.create(topic="test.call", payload={"name": row.name, "calls": row.calls})
        if self.trouble is not None:
            self.trouble()
        unchanged = Import.objects.filter(
            upload__sha256=import_record.upload.sha256, state=State.APPLIED
        ).exists()
        return {"unchanged": unchanged, "stored": len(checked.accepted)}


class SourcedKind(CallsKind):
    kind = "sourced"
    needs_source = True

    def sources(self) -> list[tuple[str, str]]:
        return [("telephony", "Telephony")]

    def saved_mapping(self, source_code: str) -> dict | None:
        return self.saved.get(source_code)

    def save_mapping(self, source_code: str, mapping: dict, *, actor: Any = None) -> None:
        self.saved[source_code] = mapping


@pytest.fixture(autouse=True)
def kind(tmp_path: Any, settings: Any) -> Iterator[CallsKind]:
    settings.MEDIA_ROOT = tmp_path / "media"
    found = CallsKind()
    kinds.register(found)
    kinds.register(SourcedKind())
    yield found
    kinds.unregister("calls")
    kinds.unregister("sourced")


def upload(actor: Any, text: str | bytes = GOOD, name: str = "calls.csv") -> Upload:
    content = text.encode() if isinstance(text, str) else text
    return services.store_upload(actor=actor, file=ContentFile(content), name=name)


def checked(actor: Any, text: str = GOOD, **more: Any) -> Import:
    record = services.create_import(actor=actor, kind="calls", upload=upload(actor, text), **more)
    return services.check_import(actor=actor, import_record=record)


def stored() -> list[tuple[str, float]]:
    rows = OutboxMessage.objects.filter(topic="test.call").order_by("id")
    return [(row.payload["name"], row.payload["calls"]) for row in rows]


def reread(record: Import) -> Import:
    return Import.objects.get(pk=record.pk)


class TestUploads:
    def test_a_file_is_kept_under_a_name_of_ours(self, cast: Cast) -> None:
        kept = upload(cast.hr, name="../../etc/王伟\x00.csv")
        assert kept.name == "王伟.csv"
        assert kept.file.name == f"uploads/{kept.pk}"
        assert kept.size == len(GOOD.encode())
        assert len(kept.sha256) == 64

    def test_too_big_is_refused_before_it_is_stored(self, cast: Cast, settings: Any) -> None:
        settings.INTAKE_MAX_BYTES = 10
        for file in (ContentFile(b"x" * 11), LyingFile(b"x" * 11)):
            with pytest.raises(Refusal) as refused:
                services.store_upload(actor=cast.hr, file=file, name="a.csv")
            assert (refused.value.code, refused.value.status) == ("file_too_big", 413)
        assert not Upload.objects.exists()
        assert not settings.MEDIA_ROOT.exists()

    def test_nothing_and_an_empty_file(self, cast: Cast) -> None:
        for file, code in ((None, "file_missing"), (ContentFile(b""), "file_empty")):
            with pytest.raises(Refusal) as refused:
                services.store_upload(actor=cast.hr, file=file, name="a.csv")
            assert refused.value.code == code
        assert not Upload.objects.exists()


def on_disk(settings: Any) -> list[str]:
    folder = settings.MEDIA_ROOT / "uploads"
    return sorted(os.listdir(folder)) if folder.exists() else []


class TestNothingIsLeftBehind:
    """A file that is refused, or for which there is no room, leaves neither row nor bytes."""

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            pytest.param(b"<html><body>sign in</body></html>", "file_is_html", id="a web page"),
            pytest.param(b"PK\x03\x04 not really", "file_mismatch", id="an archive by another name"),
        ],
    )
    def test_a_refused_file(self, cast: Cast, settings: Any, content: bytes, code: str) -> None:
        with pytest.raises(Refusal) as refused:
            services.receive_import(actor=cast.hr, kind="calls", file=ContentFile(content), name="a.csv")
        assert refused.value.code == code
        assert (Upload.objects.count(), Import.objects.count(), on_disk(settings)) == (0, 0, [])

    def test_refused_on_the_page(self, cast: Cast, settings: Any, as_person: Callable[..., Client]) -> None:
        file = SimpleUploadedFile("a.csv", b"<html></html>")
        answer = as_person(cast.hr).post("/imports/new/?kind=calls", {"kind": "calls", "file": file})
        assert answer.status_code == 422
        assert (Upload.objects.count(), on_disk(settings)) == (0, [])

    @pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "once"}], ids=["plain", "with a key"])
    def test_refused_in_the_api(
        self, cast: Cast, settings: Any, as_program: Callable[..., APIClient], headers: dict[str, str]
    ) -> None:
        program = as_program(cast.hr, Scope.METRICS_WRITE)
        sent = {"kind": "calls", "rows": [{"a": "1"}], "mapping": {"name": "nobody"}}
        answer = program.post("/api/v1/imports/", sent, format="json", **headers)
        assert answer.status_code == 400
        assert (Upload.objects.count(), on_disk(settings)) == (0, [])

    def test_whoever_may_not_import(self, cast: Cast, settings: Any) -> None:
        with pytest.raises(Refusal, match="role"):
            services.receive_import(
                actor=cast.agent, kind="calls", file=ContentFile(GOOD.encode()), name="a.csv"
            )
        assert (Upload.objects.count(), on_disk(settings)) == (0, [])

    def test_a_full_disk(self, cast: Cast, settings: Any) -> None:
        """A limit on the size of files stands in for the disk: the writing itself fails, half-way."""
        content = ContentFile(("姓名,通话量\n" + "王伟,3\n" * 200_000).encode())
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            with pytest.raises(Refusal) as refused:
                services.receive_import(actor=cast.hr, kind="calls", file=content, name="a.csv")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert (refused.value.code, refused.value.status) == ("file_no_room", 507)
        assert "no room" in str(refused.value)
        assert (Upload.objects.count(), on_disk(settings)) == (0, [])

    def test_what_a_killed_process_left_is_forgotten_after_a_day(self, cast: Cast, settings: Any) -> None:
        record = services.receive_import(
            actor=cast.hr, kind="calls", file=ContentFile(GOOD.encode()), name="used.csv"
        )
        unused, fresh = upload(cast.hr), upload(cast.hr)
        folder = settings.MEDIA_ROOT / "uploads"
        orphan, young, strange = folder / str(uuid.uuid4()), folder / str(uuid.uuid4()), folder / "notes.txt"
        for path in (orphan, young, strange):
            path.write_text("half")
        old = time.time() - 2 * 86_400
        for path in (orphan, strange, folder / str(record.upload_id)):
            os.utime(path, (old, old))
        Upload.objects.filter(pk__in=[unused.pk, record.upload_id]).update(
            created_at=timezone.now() - timedelta(days=2)
        )
        with TestCase.captureOnCommitCallbacks(execute=True):
            assert forget_unused_uploads() == 2
        assert set(Upload.objects.values_list("pk", flat=True)) == {record.upload_id, fresh.pk}
        assert set(on_disk(settings)) == {str(record.upload_id), str(fresh.pk), young.name, strange.name}


class LyingFile(ContentFile):
    """Declares one byte."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.size = 1


class TestSteps:
    def test_columns_are_matched_by_their_names(self, cast: Cast) -> None:
        record = services.create_import(actor=cast.hr, kind="calls", upload=upload(cast.hr))
        assert record.state == State.DRAFT
        assert record.mapping == {"name": "姓名", "calls": "通话量"}
        assert record.columns == ["姓名", "通话量"]
        assert record.sample == [["王伟", "3"], ["李娜", "4"]]
        assert record.rows_total == 2

    def test_checking_stores_nothing(self, cast: Cast) -> None:
        record = checked(cast.hr, MIXED)
        assert (record.state, record.rows_accepted, record.rows_rejected) == (State.CHECKED, 1, 2)
        assert record.summary == {"total": 3.0}
        assert stored() == []
        rejects = list(record.rejects.order_by("line").values_list("line", "column", "value", "code"))
        assert rejects == [(3, "通话量", "=cmd", "value_not_number"), (4, "姓名", "", "value_missing")]

    def test_storing_is_a_runs_work_and_skips_what_was_rejected(self, cast: Cast) -> None:
        record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr, MIXED))
        assert record.state == State.APPLYING
        assert stored() == []
        drain_outbox()
        record = reread(record)
        assert record.state == State.APPLIED
        assert stored() == [("王伟", 3.0)]
        assert record.summary == {"total": 3.0, "stored": 1}
        assert record.applied_at is not None
        assert record.run is not None
        assert record.run.state == Run.State.DONE

    def test_the_same_file_again_is_the_kinds_decision(self, cast: Cast) -> None:
        for state in (State.APPLIED, State.UNCHANGED):
            record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr))
            drain_outbox()
            assert reread(record).state == state

    def test_an_error_in_the_middle_stores_nothing_and_says_so(self, cast: Cast, kind: CallsKind) -> None:
        def fail() -> None:
            raise RuntimeError("half way")

        kind.trouble = fail
        record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr))
        drain_outbox()
        record = reread(record)
        assert (record.state, record.message_code) == (State.FAILED, "internal_error")
        assert stored() == []
        kind.trouble = None
        services.check_import(actor=cast.hr, import_record=record)
        services.apply_import(actor=cast.hr, import_record=record)
        drain_outbox()
        assert reread(record).state == State.APPLIED

    def test_more_rejects_than_were_confirmed_store_nothing(
        self, cast: Cast, kind: CallsKind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the check and the storing the world has changed, e.g. an employee was removed."""
        record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr))
        honest = kind.check

        def stricter(import_record: Import, table: Table) -> kinds.Checked:
            found = honest(import_record, table)
            found.rejects.append(kinds.RejectRow(2, "姓名", "王伟", "value_missing"))
            return found

        monkeypatch.setattr(kind, "check", stricter)
        drain_outbox()
        record = reread(record)
        assert (record.state, record.message_code) == (State.FAILED, "import_changed")
        assert stored() == []

    def test_a_stopped_run_leaves_a_checked_import(self, cast: Cast) -> None:
        from foundation.runs.services import restart_run, stop_run

        record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr))
        stop_run(actor=cast.hr, run=record.run)
        assert reread(record).state == State.CHECKED
        restart_run(actor=cast.hr, run=record.run)
        assert reread(record).state == State.APPLYING
        drain_outbox()
        assert reread(record).state == State.APPLIED

    def test_large_files_are_checked_by_a_worker(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "INLINE_BYTES", 5)
        record = checked(cast.hr, MIXED)
        assert record.state == State.CHECKING
        drain_outbox()
        record = reread(record)
        assert (record.state, record.rows_accepted, record.rows_rejected) == (State.CHECKED, 1, 2)

    def test_a_check_that_fails_in_the_worker_says_why(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "INLINE_BYTES", 5)
        record = checked(cast.hr)
        record.upload.file.delete(save=False)
        drain_outbox()
        record = reread(record)
        assert (record.state, record.message_code) == (State.DRAFT, "upload_gone")

    def test_stored_rejects_are_capped(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "MAXIMUM_REJECTS", 3)
        record = checked(cast.hr, "姓名,通话量\n" + "a,x\n" * 10)
        assert record.rows_rejected == 10
        assert record.rejects.count() == 3

    def test_mappings_are_saved_for_their_source_and_offered_again(self, cast: Cast) -> None:
        handler = kinds.get("sourced")

        def create(text: str) -> Import:
            return services.create_import(
                actor=cast.hr, kind="sourced", upload=upload(cast.hr, text), source_code="telephony"
            )

        record = create("who,how many\nA,1\n")
        assert record.mapping == {}
        services.set_mapping(
            actor=cast.hr, import_record=record, mapping={"name": "who", "calls": "how many"}
        )
        services.check_import(actor=cast.hr, import_record=record)
        assert handler.saved_mapping("telephony") == {"name": "who", "calls": "how many"}
        assert create("who,how many\nB,2\n").mapping == {"name": "who", "calls": "how many"}
        assert create("姓名,通话量\nB,2\n").mapping == {
            "name": "姓名",
            "calls": "通话量",
        }  # it does not fit: guessed


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": ({"kind": "nonsense"}, "import_kind_unknown"),
    "a source where there are none": ({"source_code": "x"}, "import_source_unknown"),
    "no source where one is needed": ({"kind": "sourced"}, "import_source_missing"),
    "an unknown source": ({"kind": "sourced", "source_code": "x"}, "import_source_unknown"),
    "an unknown field": ({"mapping": {"age": "姓名"}}, "mapping_unknown_field"),
    "an unknown column": ({"mapping": {"name": "x", "calls": "通话量"}}, "mapping_unknown_column"),
    "a field without column": ({"mapping": {"name": "姓名"}}, "mapping_incomplete"),
    "a mapping of another shape": ({"mapping": ["姓名"]}, "mapping_shape"),
    "a mapping to something else": (
        {"mapping": {"name": ["姓名"], "calls": "通话量"}},
        "mapping_unknown_column",
    ),
    "unknown options": ({"options": {"colour": "red"}}, "import_options"),
    "options of another shape": ({"options": {"sheet": 5}}, "import_options"),
    "an unknown policy": ({"options": {"on_rejects": "ignore"}}, "import_options"),
    "an unknown encoding": ({"options": {"encoding": "klingon"}}, "file_encoding"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_imported_leaves_no_import(cast: Cast, case: str) -> None:
    given, code = REFUSED[case]
    with pytest.raises(Refusal) as refused:
        services.create_import(**{"actor": cast.hr, "kind": "calls", "upload": upload(cast.hr), **given})
    assert refused.value.code == code
    assert str(refused.value)
    assert not Import.objects.exists()


class TestOrder:
    def test_unchecked_nothing_is_stored(self, cast: Cast) -> None:
        record = services.create_import(actor=cast.hr, kind="calls", upload=upload(cast.hr))
        self.refuses(lambda: services.apply_import(actor=cast.hr, import_record=record), "import_not_checked")

    def test_twice_is_once(self, cast: Cast) -> None:
        record = services.apply_import(actor=cast.hr, import_record=checked(cast.hr))
        self.refuses(lambda: services.apply_import(actor=cast.hr, import_record=record), "import_state")
        drain_outbox()
        for service in (services.apply_import, services.check_import):
            self.refuses(lambda service=service: service(actor=cast.hr, import_record=record), "import_state")
        assert len(stored()) == 2

    def test_without_one_good_row_there_is_nothing_to_store(self, cast: Cast) -> None:
        record = checked(cast.hr, "姓名,通话量\na,x\n")
        self.refuses(
            lambda: services.apply_import(actor=cast.hr, import_record=record), "import_nothing_accepted"
        )

    def test_whole_or_not_at_all_where_that_is_asked_for(self, cast: Cast) -> None:
        record = checked(cast.hr, MIXED, options={"on_rejects": "refuse"})
        self.refuses(lambda: services.apply_import(actor=cast.hr, import_record=record), "import_has_rejects")

    def test_matching_anew_forgets_the_check(self, cast: Cast) -> None:
        record = checked(cast.hr, MIXED)
        services.set_mapping(actor=cast.hr, import_record=record, mapping={"name": "通话量", "calls": "姓名"})
        record = reread(record)
        assert (record.state, record.rows_accepted, record.rejects.count()) == (State.DRAFT, 0, 0)

    @pytest.mark.parametrize("who", ["agent", "manager", "payroll", "auditor", "outsider"])
    def test_only_who_may_import_does(self, cast: Cast, who: str) -> None:
        record, person = checked(cast.hr), getattr(cast, who)
        for act in (
            lambda: services.create_import(actor=person, kind="calls", upload=record.upload),
            lambda: services.set_mapping(actor=person, import_record=record, mapping={}),
            lambda: services.check_import(actor=person, import_record=record),
            lambda: services.apply_import(actor=person, import_record=record),
        ):
            self.refuses(act, "import_forbidden")
        assert reread(record).state == State.CHECKED
        assert Import.objects.count() == 1
        assert stored() == []

    @staticmethod
    def refuses(act: Callable[[], Any], code: str) -> None:
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == code
        assert str(refused.value)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_store_once(cast: Cast) -> None:
    record = checked(cast.hr)
    at_once = threading.Barrier(2)

    def click() -> str:
        at_once.wait(PATIENCE)
        try:
            return services.apply_import(actor=cast.hr, import_record=record).state
        except Refusal as refusal:
            return refusal.code

    answers = sorted(worker.result() for worker in [Worker(click), Worker(click)])
    assert answers == ["applying", "import_state"]
    drain_outbox()
    assert len(stored()) == 2


# In the browser ----------------------------------------------------------------------------------------


class TestPages:
    def test_from_the_file_to_stored_rows(self, cast: Cast, as_person: Callable[..., Client]) -> None:
        browser = as_person(cast.hr)
        assert "Calls" in browser.get("/imports/new/").content.decode()
        file = SimpleUploadedFile("calls.csv", MIXED.encode("gb18030"))
        answer = browser.post("/imports/new/", {"kind": "calls", "file": file})
        record = Import.objects.get()
        page = f"/imports/{record.pk}/"
        assert (answer.status_code, answer["Location"]) == (302, page)
        text = browser.get(page).content.decode()
        assert '<option value="姓名" selected>' in text
        assert "李娜" in text

        answer = browser.post(f"{page}check/", {"map-name": "姓名", "map-calls": "通话量"})
        assert (answer.status_code, answer["Location"]) == (302, page)
        text = browser.get(page).content.decode()
        assert "=cmd" in text
        assert 'data-dialog-open="store"' in text
        assert stored() == []

        browser.post(f"{page}apply/")
        assert f"/runs/{reread(record).run_id}/" in browser.get(page).content.decode()
        drain_outbox()
        assert stored() == [("王伟", 3.0)]
        assert browser.get(page).status_code == 200
        assert browser.get("/imports/").status_code == 200

    def test_a_refused_matching_keeps_what_was_chosen(
        self, cast: Cast, as_person: Callable[..., Client]
    ) -> None:
        record = services.create_import(actor=cast.hr, kind="calls", upload=upload(cast.hr))
        answer = as_person(cast.hr).post(f"/imports/{record.pk}/check/", {"map-name": "通话量"})
        assert answer.status_code == 400
        assert '<option value="通话量" selected>' in answer.content.decode()
        assert reread(record).mapping == {"name": "姓名", "calls": "通话量"}

    @pytest.mark.parametrize(
        ("content", "name"), [(b"", "a.csv"), (b"a,b\n", "a.csv"), (b"x", "a.png"), (b"a,a\n1,2\n", "a.csv")]
    )
    def test_a_bad_file_is_told_at_its_field(
        self, cast: Cast, as_person: Callable[..., Client], content: bytes, name: str
    ) -> None:
        answer = as_person(cast.hr).post(
            "/imports/new/", {"kind": "calls", "file": SimpleUploadedFile(name, content)}
        )
        assert answer.status_code == 422
        assert "field-error" in answer.content.decode()
        assert not Import.objects.exists()

    def test_no_file_at_all(self, cast: Cast, as_person: Callable[..., Client]) -> None:
        assert as_person(cast.hr).post("/imports/new/", {"kind": "calls"}).status_code == 422

    def test_a_file_over_the_limit_is_dropped_while_it_arrives(
        self, cast: Cast, as_person: Callable[..., Client], settings: Any
    ) -> None:
        settings.INTAKE_MAX_BYTES = 1_048_576
        file = SimpleUploadedFile("calls.csv", b"x" * 1_500_000)
        answer = as_person(cast.hr).post("/imports/new/", {"kind": "calls", "file": file})
        assert answer.status_code == 422
        text = answer.content.decode()
        assert "1 MB" in text
        assert not Upload.objects.exists()

    def test_rejects_come_as_a_file_with_inert_cells(
        self, cast: Cast, as_person: Callable[..., Client]
    ) -> None:
        record = checked(cast.hr, MIXED + "1,2,3\n")
        answer = as_person(cast.hr).get(f"/imports/{record.pk}/rejects/", headers={"Accept-Language": "en"})
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [row[:3] for row in rows[1:]] == [["李娜", "'=cmd", "3"], ["", "5", "4"], ["", "", "5"]]
        assert rows[0][:2] == ["姓名", "通话量"]
        assert all(row[3] for row in rows)

    @pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
    def test_others_do_not_get_in(self, cast: Cast, as_person: Callable[..., Client], who: str) -> None:
        record = checked(cast.hr)
        browser = as_person(getattr(cast, who))
        for address in ("", "new/", f"{record.pk}/", f"{record.pk}/rejects/"):
            assert browser.get(f"/imports/{address}").status_code == 403
        for address in ("new/", f"{record.pk}/check/", f"{record.pk}/apply/"):
            assert browser.post(f"/imports/{address}").status_code == 403
        assert reread(record).state == State.CHECKED

    def test_the_auditor_reads_and_changes_nothing(
        self, cast: Cast, as_person: Callable[..., Client]
    ) -> None:
        record = checked(cast.hr, MIXED)
        browser = as_person(cast.auditor)
        text = browser.get(f"/imports/{record.pk}/").content.decode()
        assert "=cmd" in text
        assert "<select" not in text
        assert browser.post(f"/imports/{record.pk}/apply/").status_code == 403
        assert browser.get("/imports/new/").status_code == 403
        assert reread(record).state == State.CHECKED

    def test_a_kind_of_another_role_looks_as_if_it_did_not_exist(
        self, cast: Cast, as_person: Callable[..., Client]
    ) -> None:
        record = checked(cast.hr)
        browser = as_person(cast.payroll)
        foreign, missing = browser.get(f"/imports/{record.pk}/"), browser.get("/imports/999999/")
        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert browser.get(f"/imports/{'9' * 40}/").status_code == 404

    def test_the_list_costs_the_same_for_ten_and_two_hundred(
        self, cast: Cast, as_person: Callable[..., Client]
    ) -> None:
        browser, kept, counts = as_person(cast.hr), upload(cast.hr), []
        browser.get("/imports/")
        for more in (10, 190):
            Import.objects.bulk_create(
                Import(kind="calls", upload=kept, created_by=cast.hr) for _number in range(more)
            )
            with CaptureQueriesContext(connection) as queries:
                browser.get("/imports/")
            counts.append(len(queries))
        assert counts[0] == counts[1]


# By programs -------------------------------------------------------------------------------------------

API = "/api/v1/imports/"


class TestApi:
    def test_rows_from_push_to_stored(self, cast: Cast, as_program: Callable[..., APIClient]) -> None:
        program = as_program(cast.hr, "metrics:write")
        rows = [
            {"name": "王伟", "calls": 3},
            {"name": "李娜", "calls": "x"},
            {"name": "Ann", "calls": 4.5, "note": None},
        ]
        made = program.post(API, {"kind": "calls", "rows": rows}, format="json", HTTP_IDEMPOTENCY_KEY="a")
        assert made.status_code == 201, made.json()
        again = program.post(API, {"kind": "calls", "rows": rows}, format="json", HTTP_IDEMPOTENCY_KEY="a")
        assert again.json() == made.json()
        address = f"{API}{made.json()['id']}/"
        body = program.post(f"{address}check/").json()
        assert (body["state"], body["rows_accepted"], body["rows_rejected"]) == ("checked", 2, 1)
        rejects = program.get(f"{address}rejects/").json()["results"]
        assert [(row["line"], row["column"], row["value"], row["code"]) for row in rejects] == [
            (3, "calls", "x", "value_not_number")
        ]
        assert rejects[0]["detail"] == "This is not a number."
        assert program.post(f"{address}apply/").json()["state"] == "applying"
        drain_outbox()
        body = program.get(address).json()
        assert body["state"] == "applied"
        assert program.get(f"/api/v1/runs/{body['run_id']}/").json()["state"] == "done"
        assert stored() == [("王伟", 3.0), ("Ann", 4.5)]

    def test_a_file_as_multipart_with_a_mapping(
        self, cast: Cast, as_program: Callable[..., APIClient]
    ) -> None:
        program = as_program(cast.hr, "metrics:write")
        made = program.post(
            API,
            {
                "kind": "calls",
                "file": SimpleUploadedFile("a.csv", GOOD.encode()),
                "mapping": '{"name": "姓名", "calls": "通话量"}',
            },
            format="multipart",
        )
        assert made.status_code == 201, made.json()
        assert made.json()["name"] == "a.csv"
        # The same upload once more, matched otherwise.
        other = program.post(API, {"kind": "calls", "upload_id": made.json()["upload_id"]}, format="json")
        address = f"{API}{other.json()['id']}/"
        patched = program.patch(address, {"mapping": {"name": "通话量", "calls": "姓名"}}, format="json")
        assert patched.json()["mapping"] == {"name": "通话量", "calls": "姓名"}
        assert Upload.objects.count() == 1

    def test_bad_requests_are_problems(self, cast: Cast, as_program: Callable[..., APIClient]) -> None:
        program = as_program(cast.hr, "metrics:write")
        cases: dict[str, tuple[Any, int, str]] = {
            "nothing": ({}, 400, "validation"),
            "no file": ({"kind": "calls"}, 400, "file_missing"),
            "an unknown kind": ({"kind": "x", "rows": [{"a": 1}]}, 400, "import_kind_unknown"),
            "rows that are none": ({"kind": "calls", "rows": [1]}, 400, "validation"),
            "a list in a cell": ({"kind": "calls", "rows": [{"name": [1]}]}, 400, "rows_shape"),
            "no row": ({"kind": "calls", "rows": []}, 400, "file_no_rows"),
            "a mapping that is text": (
                {"kind": "calls", "rows": [{"name": 1}], "mapping": "{"},
                400,
                "mapping_shape",
            ),
            "a mapping that is a number": (
                {"kind": "calls", "rows": [{"name": 1}], "mapping": 5},
                400,
                "mapping_shape",
            ),
            "a foreign upload": (
                {"kind": "calls", "upload_id": str(upload(cast.agent).pk)},
                404,
                "not_found",
            ),
        }
        for case, (body, status, code) in cases.items():
            answer = program.post(API, body, format="json")
            assert (answer.status_code, answer.json()["code"]) == (status, code), case
        assert not Import.objects.exists()

    def test_scope_and_role(self, cast: Cast, as_program: Callable[..., APIClient]) -> None:
        record = checked(cast.hr)
        address = f"{API}{record.pk}/"
        wrong_scope = as_program(cast.hr, "people:write")
        assert wrong_scope.post(f"{address}apply/").json()["code"] == "scope_missing"
        assert as_program(cast.agent).get(API).status_code == 403
        auditor = as_program(cast.auditor)
        assert auditor.get(address).status_code == 200
        assert auditor.post(f"{address}apply/").status_code == 403
        payroll = as_program(cast.payroll)
        assert payroll.get(address).status_code == 404
        assert payroll.get(f"{API}999999/").status_code == 404
        assert reread(record).state == State.CHECKED

    def test_too_big_by_program(
        self, cast: Cast, as_program: Callable[..., APIClient], settings: Any
    ) -> None:
        settings.INTAKE_MAX_BYTES = 1_048_576
        file = SimpleUploadedFile("a.csv", b"x" * 1_500_000)
        answer = as_program(cast.hr, "metrics:write").post(
            API, {"kind": "calls", "file": file}, format="multipart"
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_big")


def test_rejects_never_hold_what_the_database_cannot(cast: Cast) -> None:
    record = services.create_import(actor=cast.hr, kind="calls", upload=upload(cast.hr))
    rows = services._reject_rows(
        record, [kinds.RejectRow(2, "a\x00b", "c\ud800" * 200, "value_missing", {"x": object()})]
    )
    Reject.objects.bulk_create(rows)
    assert Reject.objects.get().column == "ab"


def test_a_second_click_leads_to_the_import_itself(cast: Cast, as_person: Callable[..., Client]) -> None:
    """The page at the address of the button would send the click again when it reloads at the end of the run."""
    browser, record = as_person(cast.hr), checked(cast.hr)
    for _click in range(2):
        answer = browser.post(f"/imports/{record.pk}/apply/")
        assert (answer.status_code, answer["Location"]) == (302, f"/imports/{record.pk}/")
    drain_outbox()
    assert len(stored()) == 2
