"""If this fails, a table shows a number in the wrong place, or hides whose it is."""

import pytest

from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.tables import all_tables
from tests.evaluation.reports import report

PAPER = "paper (256 px, FFHQ pack)"


def tables(*reports):
    return {table.name: table for table in all_tables(reports or [report()])}


def line(table, *labels):
    [found] = [dict(zip(table.head, table.cells(one), strict=True)) for one in table.lines if (*one.labels,) == labels]
    return found


def test_every_table_of_the_paper_is_there_and_says_what_it_depends_on():
    made = tables()
    assert {"identification", "identification_rank", "identification_cosine", "quality", "utility", "diversity"} == set(
        made
    )
    for table in made.values():
        assert "ours: 1 faces at 64 px, seed 7, pack lite, sha256 abababababababab" in table.notes
        assert any("95 %" in note for note in table.notes)
    for name in ("identification", "diversity"):
        notes = " ".join(made[name].notes)
        assert "fake: same person above a cosine of 0.9263, calibrated on the pairs of pairs.txt" in notes
        assert "it accepts 3 of 3000 pairs of different people" in notes


def test_both_references_and_the_paper_s_numbers_beside_the_first():
    table = tables()["identification"]
    inversion = line(table, "ours", "de-identification ↓", "encrypted", "inversion")
    assert inversion["fake"] == "0.100 [0.090, 0.110]"
    assert inversion[f"FaceNet CASIA, {PAPER}"] == "0.016"
    photo = line(table, "ours", "de-identification ↓", "encrypted", "photo")
    assert (photo["fake"], photo[f"FaceNet CASIA, {PAPER}"]) == ("0.300 [0.290, 0.310]", "")
    strangers = line(table, "ours", "two different people", "photo", "another person's photo")
    assert strangers["fake"] == "no face"


def test_the_training_recogniser_is_marked():
    assert "pack (trained it)" in tables()["identification"].columns
    assert "fake" in tables()["identification"].columns


def test_rank_has_a_table_of_its_own_without_the_paper():
    table = tables()["identification_rank"]
    assert table.columns == ["fake", "pack (trained it)"]
    assert [str(number) for number in table.lines[0].numbers] == ["0.200 [0.190, 0.210]", "None"]


def test_other_methods_of_the_paper_have_rows_of_their_own_until_they_are_measured():
    labels = ("CIAGAN (paper)", "de-identification ↓", "", "")
    assert line(tables()["identification"], *labels)[f"SphereFace, {PAPER}"] == "0.010"
    ciagan = report({"label": "CIAGAN", "paper": "CIAGAN"})
    both = tables(report(), ciagan)["identification"]
    assert not [one for one in both.lines if one.labels[0] == "CIAGAN (paper)"]
    assert line(both, "CIAGAN", "de-identification ↓", "encrypted", "inversion")[f"SphereFace, {PAPER}"] == "0.010"
    assert line(both, "ours", "de-identification ↓", "encrypted", "inversion")[f"SphereFace, {PAPER}"] == "0.025"


def test_quality_names_the_pack_s_features_for_what_they_are():
    table = tables()["quality"]
    cells = line(table, "ours", "recovered", "inversion")
    assert (cells["MSE ↓"], cells["PSNR ↑"], cells["pack_features ↓"]) == (
        "0.0123 [0.0023, 0.0223]",
        "23.46 [23.45, 23.47]",
        "0.400 [0.390, 0.410]",
    )
    assert (cells[f"PSNR, {PAPER}"], cells[f"LPIPS (VGG), {PAPER}"]) == ("26.499", "0.043")
    assert line(table, "ours", "recovered", "photo")[f"PSNR, {PAPER}"] == ""
    assert line(table, "FIT (paper)", "recovered", "")[f"SSIM, {PAPER}"] == "0.934"


def test_utility_by_judge():
    table = tables()["utility"]
    assert line(table, "ours", "face detection ↑", "mtcnn", "encrypted", "", "500")[PAPER] == "1.000"
    box = line(table, "ours", "box distance ↓", "mtcnn", "encrypted", "photo", "500")
    assert (box["measured"], box[PAPER]) == ("4.00 [3.99, 4.01]", "3.824")
    frechet = line(table, "ours", "FD-fake ↓", "fake", "encrypted", "photo", "500")
    assert (frechet["measured"], frechet[PAPER]) == ("12.500", "")
    assert line(table, "DeepPrivacy (paper)", "FID ↓", "inception", "", "", "")[PAPER] == "23.713"


def test_diversity():
    cells = line(tables()["diversity"], "ours", "fake", "encrypted", "500")
    assert cells["mean distance ↑"] == "0.600 [0.590, 0.610]"
    assert cells["different people ↑"] == "0.700 [0.690, 0.710]"
    assert "50 faces, 20 passwords" in tables()["diversity"].notes


@pytest.mark.parametrize("measure", ["de-identification", "recovery"])
def test_the_paper_s_file_has_every_recogniser_of_every_method(measure):
    judges = ["FaceNet CASIA", "FaceNet VGGFace2", "SphereFace"]
    assert all(list(numbers) == judges for numbers in paper().identification[measure].values())
    assert len(paper().utility) == 6
    assert len({tuple(numbers) for numbers in paper().utility.values()}) == 1
