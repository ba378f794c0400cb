"""Results and types as tables for a terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue, UavType
from wreckid.model.settling import LEAST_SHARE
from wreckid.model.verdict import percent
from wreckid.serving.candidates import NOT_A_UAV_NAME, look_alikes
from wreckid.serving.facts import ReadableFact, readable
from wreckid.serving.result import Candidate, LookAlike, Piece, Question, Result
from wreckid.serving.words import NOTHING_MOVED, headline, name_of

UNSOURCED = " (no source)"


def result_view(result: Result, catalogue: Catalogue) -> RenderableType:
    """A result: safety first, then the verdict, the candidates and what to check."""
    safety, *others = result.notices
    model = f"{result.model.name} {result.model.version}, sha256 {result.model.sha256[:16]}"
    return Group(
        Text(safety, style="bold red"),
        Panel(Text(result.verdict.reason), title=Text(headline(result.verdict, catalogue))),
        *(_question(question, catalogue) for question in result.would_settle),
        *([_candidates(result)] if result.candidates else []),
        *([_pieces(result.pieces)] if result.pieces else []),
        *(_checks(one.name, one.facts, one.look_alikes) for one in _to_check(result)),
        *(Text(line, style="yellow") for line in _remarks(result)),
        *(Text(notice, style="dim") for notice in [*others, f"Model {model}."]),
    )


def types_view(catalogue: Catalogue) -> Table:
    """All types of the catalogue."""
    table = Table("Id", "Name", "Family", "Country")
    for uav in catalogue.types.values():
        family = catalogue.families[uav.family].name
        table.add_row(uav.id, Text(uav.name), Text(family), Text(uav.country))
    return table


def type_view(uav: UavType, catalogue: Catalogue) -> RenderableType:
    """One type: its names, its facts, its look-alikes."""
    return Group(
        Text(f"{uav.name} ({uav.id})", style="bold"),
        Text(f"Also: {', '.join(uav.aliases)}"),
        Text(f"{uav.maker}, {uav.country}. Role: {', '.join(uav.roles)}."),
        Text(f"Family: {catalogue.families[uav.family].name}"),
        _checks(uav.name, readable(uav.facts), look_alikes(uav, catalogue)),
        *(Text(f"[{key}] {source.url}", style="dim") for key, source in uav.sources.items()),
    )


def _to_check(result: Result) -> list[Candidate]:
    """The leading type, if any leads."""
    types = [one for one in result.candidates if one.facts]
    return [one for one in types[:1] if one.confidence >= LEAST_SHARE]


def _candidates(result: Result) -> Table:
    """The candidates, with what the photos alone say where evidence was given."""
    columns = ["Photos alone", "With evidence"] if result.pieces else ["Confidence"]
    table = Table("Candidate", *columns, "Family")
    for one in result.candidates:
        before = _before(result, one.type) if result.pieces else []
        row = [*before, percent(one.confidence)]
        table.add_row(Text(one.name), *row, Text(one.family_name))
    if result.probabilities:
        before = _before(result, NOT_A_UAV) if result.pieces else []
        table.add_row(NOT_A_UAV_NAME, *before, percent(result.probabilities[NOT_A_UAV]), "")
    return table


def _before(result: Result, name: str) -> list[str]:
    image = result.image_probabilities
    return ["–" if image is None else percent(image[name])]


def _pieces(pieces: Iterable[Piece]) -> Table:
    """What each piece of evidence moved most, in log-odds and in words."""
    table = Table("Evidence", "Moved, in log-odds")
    for piece in pieces:
        moved = sorted(piece.shown, key=lambda one: -abs(one.log_odds))[:3]
        lines = [f"{one.log_odds:+.1f} {one.words}" for one in moved] or [NOTHING_MOVED]
        table.add_row(Text(piece.observed), Text("\n".join(lines)))
    return table


def _question(question: Question, catalogue: Catalogue) -> Text:
    answers = " or ".join(
        f"{answer.value} ({', '.join(name_of(one, catalogue) for one in answer.types)})"
        for answer in question.answers
    )
    return Text(f"What would settle it. {question.ask}: {answers}?")


def _checks(
    name: str, facts: Iterable[ReadableFact], look_alikes: Iterable[LookAlike]
) -> RenderableType:
    table = Table("Check", "On the wreck", title=Text(name), title_justify="left")
    for fact in facts:
        table.add_row(fact.name, Text(fact.value + ("" if fact.sourced else UNSOURCED)))
    for other in look_alikes:
        table.add_row("Not to confuse with", Text(f"{other.name}: {other.how_to_tell}"))
    return table


def _remarks(result: Result) -> Iterator[str]:
    """What is to be known of single photos, where it is known."""
    for photo in result.photos:
        if photo.failure:
            yield f"{photo.name}: {photo.failure.message}"
        if photo.copy_of is not None:
            yield f"{photo.name}: a copy of {photo.copy_of}, counted once."
    credentials = [f"{one.name} {one.credentials}" for one in result.photos if one.credentials]
    if credentials:
        yield f"Content credentials (C2PA): {', '.join(credentials)}."
