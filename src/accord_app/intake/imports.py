"""What people do with a file: bring it, say how it is read, try it, import it, take it back. The worker does the
rest."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accord.facts.errors import AccordError
from accord_app.intake import reading, uploading
from accord_app.intake.models import Upload
from accord_app.members.models import User
from accord_app.work.actions import enqueue

IMPORT, TRY, UNDO = "import", "try import", "undo import"
State = Upload.State
CHANGEABLE = (State.UPLOADED, State.PREVIEWED, State.FAILED, State.UNDONE)
"""While a file is like this, its mapping can be changed and it can be imported."""

TRYING = {"running": True}
_NOTHING_YET = {"rows": 0, "stored": 0, "known": 0, "revised": 0, "refused": 0, "left_out": 0, "parts": []}


def bring(*, file: UploadedFile, once: str, time_zone: str, by: User, at: datetime) -> Upload:
    """Keep a file and propose how it is read. The same form sent twice is one upload.

    Raises AccordError for a file that cannot be kept or read; then nothing is.
    """
    if found := Upload.objects.filter(once=once).first():
        return found
    stored_as = uploading.keep(file)
    try:
        seen = reading.look_at(uploading.path_of(stored_as))
        proposal = reading.proposed(seen, time_zone=time_zone)
        about = reading.estimated_rows(uploading.path_of(stored_as))
        upload, is_new = Upload.objects.get_or_create(
            once=once,
            defaults={
                "name": uploading.clean_name(file.name or ""), "stored_as": stored_as, "size": file.size or 0,
                "table": proposal.mapping.table, "mapping": reading.mapping_text(proposal),
                "because": proposal.because, "rows_of": about, "state": State.UPLOADED, "by": by.handle,
                "at": at, "changed_at": at,
            },
        )  # fmt: skip
    except BaseException:
        uploading.path_of(stored_as).unlink(missing_ok=True)
        raise
    if not is_new:
        uploading.path_of(stored_as).unlink(missing_ok=True)
    return upload


def propose(*, upload: Upload, table: str, source: str, time_zone: str, at: datetime) -> Upload:
    """Replace the mapping by a proposal for another table, source or zone. Raises AccordError."""
    seen = reading.look_at(uploading.path_of(upload.stored_as))
    proposal = reading.proposed(seen, table=table, source=source, time_zone=time_zone)
    text = reading.mapping_text(proposal)
    return _change(upload, at, table=table, mapping=text, because=proposal.because, state=State.UPLOADED)


def save_mapping(*, upload: Upload, text: str, at: datetime) -> Upload:
    """Keep an edited mapping that fits the file. Raises MappingMistakeError, and keeps the earlier one."""
    mapping = reading.read_text(text)
    reading.preview(uploading.path_of(upload.stored_as), mapping, text)
    return _change(upload, at, table=mapping.table, mapping=text, state=State.PREVIEWED)


def try_out(*, upload: Upload, at: datetime) -> Upload:
    """Have the whole file read without storing anything."""
    with transaction.atomic():
        changed = _change(upload, at, dry_run=dict(TRYING))
        enqueue(kind=TRY, at=at, key=str(upload.pk), payload={"upload": upload.pk})
    return changed


def start(*, upload: Upload, at: datetime) -> Upload:
    """Import the file. Asked twice it is done once. Raises AccordError when it is not there to be imported."""
    with transaction.atomic():
        changed = _change(
            upload, at, state=State.QUEUED, step=Upload.Step.READING, problem="", remedy="", **_NOTHING_YET
        )  # fmt: skip
        enqueue(kind=IMPORT, at=at, key=str(upload.pk), payload={"upload": upload.pk})
    return changed


def undo(*, upload: Upload, at: datetime) -> Upload:
    """Take an import back. Raises AccordError when it is not in force."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(pk=upload.pk)
        if held.state != State.DONE:
            raise AccordError(f"{held.name} is not in force.", remedy="Load the page again.")
        _set(held, at, state=State.UNDOING, problem="", remedy="")
        enqueue(kind=UNDO, at=at, key=str(upload.pk), payload={"upload": upload.pk})
    return held


def discard(*, upload: Upload, at: datetime) -> None:
    """Forget a file that was not imported. Raises AccordError for another."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(pk=upload.pk)
        if held.state not in CHANGEABLE:
            raise AccordError(f"{held.name} is being read or in force.", remedy="Take it back first.")
        remove_files(held)
        if held.state == State.UNDONE:
            _set(held, at, file_gone_at=at)
        else:
            held.delete()


def remove_files(upload: Upload) -> None:
    """Delete the file and its refused rows."""
    names = [upload.stored_as, *(part["refused_file"] for part in upload.parts if part["refused_file"])]
    for name in names:
        uploading.path_of(name).unlink(missing_ok=True)


@transaction.atomic
def _change(upload: Upload, at: datetime, **changes: object) -> Upload:
    held = Upload.objects.select_for_update().get(pk=upload.pk)
    if held.state not in CHANGEABLE:
        raise AccordError(f"{held.name} is {held.get_state_display().lower()} already.", remedy="Load the page again.")
    if held.file_gone_at is not None or not uploading.path_of(held.stored_as).is_file():
        raise AccordError(f"The file of {held.name} is no longer kept.", remedy="Upload it again.")
    return _set(held, at, **changes)


def _set(held: Upload, at: datetime, **changes: object) -> Upload:
    for name, value in changes.items():
        setattr(held, name, value)
    held.changed_at = at
    held.save(update_fields=[*changes, "changed_at"])
    return held
