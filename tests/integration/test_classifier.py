import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wreckid.datasets.catalogue import CatalogueError, catalogue
from wreckid.model.evidence import read_evidence
from wreckid.model.preprocessing import Failure
from wreckid.model.release import Release, ReleaseFacts, write_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import NamedBytes
from wreckid.serving.result import LEAD, SAFETY, Result

MakePhoto = Callable[..., bytes]


@pytest.fixture(scope="module")
def classifier(release: Release) -> Classifier:
    return Classifier(release, catalogue())


@pytest.mark.parametrize(
    ("colour", "leader"), [("red", "shahed-136"), ("green", "orlan-10"), ("blue", "dji-phantom")]
)
def test_the_leader_is_what_the_photo_shows(
    classifier: Classifier, photo: MakePhoto, colour: str, leader: str
) -> None:
    result = classifier.classify([NamedBytes("a.jpg", photo(colour))])
    assert result.candidates[0].type == leader
    assert (result.verdict.level, result.verdict.id) == ("type", leader)
    confidences = [one.confidence for one in result.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert result.image_candidates == result.candidates


def test_a_photo_is_recorded_as_received(classifier: Classifier, photo: MakePhoto) -> None:
    data = photo("red", size=(640, 480))
    record = classifier.classify([NamedBytes("wreck.jpg", data)]).photos[0]
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert (record.name, record.width, record.height) == ("wreck.jpg", 640, 480)
    assert (record.format, record.flags, record.failure) == ("JPEG", (), None)


def test_a_candidate_tells_what_to_check(classifier: Classifier, photo: MakePhoto) -> None:
    leader = classifier.classify([NamedBytes("a.jpg", photo("red"))]).candidates[0]
    uav = catalogue().types["shahed-136"]
    assert leader.name == uav.name
    assert leader.family_name == catalogue().families[uav.family].name
    assert [fact.name for fact in leader.facts][:2] == ["Length", "Wingspan"]
    assert [fact.sourced for fact in leader.facts] == [
        fact.sourced for fact in uav.facts.known().values()
    ]
    assert [other.type for other in leader.look_alikes] == [other.id for other in uav.look_alikes]


def test_bad_photos_are_rows_and_change_nothing_else(
    classifier: Classifier, photo: MakePhoto
) -> None:
    good = NamedBytes("good.jpg", photo("red"))
    bad = [NamedBytes("bad.jpg", b"?"), NamedBytes("locked.jpg", Failure("unreadable"))]
    alone, beside = classifier.classify([good]), classifier.classify([bad[0], good, bad[1]])
    assert beside.candidates == alone.candidates
    assert beside.verdict == alone.verdict
    codes = [record.failure and record.failure.code for record in beside.photos]
    assert codes == ["not-an-image", None, "unreadable"]
    assert beside.photos[0].sha256 == hashlib.sha256(b"?").hexdigest()
    assert beside.photos[2].sha256 is None


@pytest.mark.parametrize("photos", [[], [NamedBytes("a", b"")]])
def test_without_a_usable_photo_nothing_is_claimed(
    classifier: Classifier, photos: list[NamedBytes]
) -> None:
    result = classifier.classify(photos)
    assert (result.verdict.level, result.verdict.rule) == ("insufficient", "no-usable-photo")
    assert result.candidates == () and result.image_candidates == ()
    assert result.prediction_set is None and result.out_of_catalogue is None


def test_photos_that_disagree_lower_the_confidence(
    classifier: Classifier, photo: MakePhoto
) -> None:
    red, green = NamedBytes("r", photo("red")), NamedBytes("g", photo("green"))
    both = classifier.classify([red, green])
    assert both.verdict.level == "uav"
    assert both.candidates[0].confidence < 0.6
    again = classifier.classify([green, red])
    assert [one.type for one in again.candidates] == [one.type for one in both.candidates]


def test_a_weak_photo_is_flagged(classifier: Classifier, photo: MakePhoto) -> None:
    file = BytesIO()
    Image.new("RGB", (100, 400), (10, 10, 10)).save(file, "PNG")
    assert classifier.classify([NamedBytes("a", file.getvalue())]).photos[0].flags == (
        "small",
        "dark",
    )


def test_an_item_outside_the_catalogue_gets_no_type(
    tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes], photo: MakePhoto
) -> None:
    strict = facts(out_of_catalogue={"score": "energy", "threshold": -100.0})
    classifier = Classifier(write_release(tmp_path, strict, files), catalogue())
    result = classifier.classify([NamedBytes("a.jpg", photo("red"))])
    assert result.out_of_catalogue is not None and result.out_of_catalogue.outside
    assert result.verdict.rule == "uav-out-of-catalogue"
    assert result.candidates[0].type == "shahed-136"


def test_a_class_that_the_catalogue_lacks_is_refused(
    tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]
) -> None:
    classes = ("ghost", "shahed-131", "orlan-10", "dji-phantom", "not-a-uav")
    with pytest.raises(CatalogueError, match="ghost"):
        Classifier(write_release(tmp_path, facts(classes=classes), files), catalogue())


def test_the_view_shows_where_the_leader_is(classifier: Classifier) -> None:
    image = Image.new("RGB", (800, 600), (128, 128, 128))
    image.paste((230, 20, 20), (0, 0, 400, 300))
    file = BytesIO()
    image.save(file, "PNG")
    examination = classifier.examine([NamedBytes("bad", b""), NamedBytes("a.png", file.getvalue())])
    (view,) = examination.views
    assert view.name == "a.png"
    assert max(view.picture.size) == 512
    assert view.evidence[:2, :2].min() > 5 * np.abs(view.evidence[2:, 2:]).max()


def test_the_result_reads_back_from_its_json(classifier: Classifier, photo: MakePhoto) -> None:
    result = classifier.classify([NamedBytes("a.jpg", photo("red")), NamedBytes("b", b"")])
    assert Result.model_validate_json(result.model_dump_json()) == result
    assert result.format_version == "1.4"
    assert result.notices == (SAFETY, LEAD)
    assert result.model == classifier.identity


def detailed(seed: int, size: tuple[int, int] = (400, 300)) -> bytes:
    """A photo with enough detail for a perceptual hash."""
    values = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(values).resize((400, 300), Image.Resampling.BICUBIC).resize(size).save(
        file, "PNG"
    )
    return file.getvalue()


def test_the_same_photo_twice_gives_the_answer_of_once(classifier: Classifier) -> None:
    one, other = NamedBytes("a", detailed(1)), NamedBytes("b", detailed(2))
    once = classifier.classify([one, other])
    twice = classifier.classify([one, other, NamedBytes("c", one.data)])
    assert twice.probabilities == pytest.approx(once.probabilities)
    assert twice.verdict == once.verdict
    assert [photo.copy_of for photo in twice.photos] == [None, None, "a"]
    assert once.out_of_catalogue is not None and twice.out_of_catalogue is not None
    assert twice.out_of_catalogue.score == pytest.approx(once.out_of_catalogue.score)
    assert once.agreement is not None and twice.agreement is not None
    assert twice.agreement.distinct == once.agreement.distinct == 2


def test_a_scaled_copy_counts_once_beside_an_unreadable_photo(classifier: Classifier) -> None:
    photos = [
        NamedBytes("a", detailed(1)),
        NamedBytes("bad", b"?"),
        NamedBytes("small", detailed(1, (200, 150))),
    ]
    result = classifier.classify(photos)
    assert [photo.copy_of for photo in result.photos] == [None, None, "a"]
    assert result.agreement is not None and result.agreement.weight == 1


def test_disagreement_between_photos_is_reported(classifier: Classifier, photo: MakePhoto) -> None:
    red, green = NamedBytes("r", photo("red")), NamedBytes("g", photo("green"))
    both, same = classifier.classify([red, green]), classifier.classify([red, red])
    assert both.agreement is not None and both.agreement.disagree
    assert both.agreement.leaders == ("shahed-136", "orlan-10")
    assert any("disagree" in notice for notice in both.notices)
    assert same.agreement is not None and not same.agreement.disagree
    assert same.notices == (SAFETY, LEAD)


def test_evidence_without_a_photo_is_weighed_alone(classifier: Classifier) -> None:
    result = classifier.classify([], read_evidence({"text": ["Орлан-10"], "engines": 1}))
    assert result.image_candidates == () and result.image_probabilities is None
    assert result.candidates[0].type == "orlan-10"
    assert result.probabilities is not None
    assert sum(result.probabilities.values()) == pytest.approx(1)


def test_a_colour_without_a_photo_is_little_evidence(classifier: Classifier) -> None:
    result = classifier.classify([], read_evidence({"colour": "white"}))
    assert (result.verdict.level, result.verdict.rule) == ("insufficient", "little-evidence")


def test_the_sighting_of_a_result_weighs_to_the_same_result(
    classifier: Classifier, photo: MakePhoto
) -> None:
    evidence = read_evidence({"lengths": ["airframe=3.4 m"], "tail": "tip fins"})
    photos = [NamedBytes("a", photo("red")), NamedBytes("b", b"")]
    plain, whole = classifier.classify(photos), classifier.classify(photos, evidence)
    assert classifier.weigher.weigh(plain.sighting, evidence) == whole
    assert whole.image_candidates == plain.image_candidates
