"""Labelled photos as people keep them: in folders, or in a table."""

from dataclasses import dataclass
from pathlib import Path

from wreckid.serving.intake import label
from wreckid.serving.source import Place, Reader, list_photos
from wreckid.training.photos.photoset import PhotosError, read_table, refuse_gaps

NEEDED = ("photo", "type", "incident", "source")
KEPT = ("condition", "licence", "notes")
ORDER = "TYPE/INCIDENT/photo or TYPE/INCIDENT/SOURCE/photo"


@dataclass(frozen=True)
class Labelled:
    """Where a photo lies, and what people say of it in their own words."""

    place: Place
    type: str
    incident: str
    source: str
    condition: str = ""
    licence: str = ""
    notes: str = ""


def list_labelled(origin: Path) -> tuple[Reader, tuple[Labelled, ...]]:
    """The photos below a folder or archive, or those of a table, and what reads them.

    Raises:
        PhotosError: a photo has no type, incident or source.
        SetupError: the origin cannot be read.
    """
    if origin.suffix.lower() == ".csv" and origin.is_file():
        return Reader(origin.parent), tuple(map(_of_row, _checked_rows(origin)))
    listing = list_photos(origin, leave_out=origin / ".nothing")
    if not listing.places:
        raise PhotosError(f"{origin} holds no photos: put them in as {ORDER}.")
    stray = [place.name for place in listing.places if place.name.count("/") < 2]
    if stray:
        raise PhotosError(
            f"{len(stray)} photos of {origin} lie in no incident's folder, {stray[0]} for one:"
            f" sort them as {ORDER}, or name their incidents in a table (.csv)."
        )
    return Reader(listing.root), tuple(map(_of_folders, listing.places))


def _of_folders(place: Place) -> Labelled:
    """Without a folder for it, an incident is taken to come from one source, its own."""
    uav_type, incident, *between = label(place.name).split("/")[:-1]
    return Labelled(place, uav_type, incident, between[0] if between else incident)


def _of_row(row: dict[str, str]) -> Labelled:
    place = Place(row["photo"], row["photo"])
    kept = {name: row.get(name, "") for name in KEPT}
    return Labelled(place, row["type"], row["incident"], row["source"], **kept)


def _checked_rows(table: Path) -> list[dict[str, str]]:
    rows = read_table(table)
    strange = [name for name in rows[0] if name not in NEEDED + KEPT]
    if strange:
        raise PhotosError(
            f"{table} has the column {strange[0]}, which would be lost:"
            f" call it notes, or take it out; known are {', '.join(NEEDED + KEPT)}."
        )
    refuse_gaps(table, rows, NEEDED)
    return rows
