"""If this fails, a report lacks a figure, draws it from the wrong data, or stops at an unusual name."""

import dataclasses
import io
import math

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.errors import ConfigError, FileError
from riddle_pl.figures import identities as identities_figure
from riddle_pl.figures.face_grids import recovery
from riddle_pl.figures.figure import DPI, save_figures
from riddle_pl.figures.gallery import NOTHING, draw_gallery
from riddle_pl.figures.identities import principal_components
from riddle_pl.figures.in_the_wild import in_the_wild
from riddle_pl.figures.layer_changes import layer_changes, layer_changes_figure, layer_groups, with_layers_of
from riddle_pl.figures.notebook import WIDTH, SavedFigure, picture_columns
from riddle_pl.figures.roc import pairs_to_tell_apart, roc, roc_curve
from riddle_pl.figures.run_curves import run_curves
from riddle_pl.figures.score_histograms import score_histograms
from riddle_pl.figures.style import slug
from riddle_pl.figures.traces import FaceTrace, Similarities, Traces
from riddle_pl.figures.training_log import find_training_log, last_values, read_training_log
from riddle_pl.judging.pairs import PairSimilarities
from tests.evaluation.samples import METRICS, NAMES, sample_traces

ALL = {
    "deidentification",
    "recovery",
    "many_passwords",
    "many_wrong_passwords",
    "in_the_wild",
    "identities_fake",
    "scores_fake",
    "roc_fake",
    "losses",
}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return sample_traces(tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def gallery(traces):
    return draw_gallery(traces)


def test_every_figure_is_drawn_with_a_caption_and_an_alternative_text(gallery):
    assert {figure.name for figure in gallery.figures} == ALL
    assert gallery.missing == {}
    assert all(figure.title and figure.caption.endswith(".") and figure.alt for figure in gallery.figures)


def test_nothing_gives_no_figure_and_a_reason_for_each():
    figures, missing = draw_gallery(Traces(missing={"photos": "there are none"}))
    assert figures == []
    assert missing["In the wild: whole photos"] == "there are none"
    assert missing["ROC"] == NOTHING


def test_a_method_that_only_anonymises_gets_the_first_grid_and_no_other():
    faces = [FaceTrace("a", {"photo": torch.zeros(3, 8, 8), "encrypted": torch.ones(3, 8, 8)})]
    figures, missing = draw_gallery(Traces(faces=faces))
    assert [figure.name for figure in figures] == ["deidentification"]
    assert len(missing) == 8
    assert recovery(faces) is None


def test_png_has_the_stated_size_and_nothing_of_matplotlib_s_global_state_changes(gallery, tmp_path):
    before = dict(matplotlib.rcParams)
    figure = next(figure for figure in gallery.figures if figure.name == "roc_fake")
    (path,) = save_figures([figure], tmp_path / "new")
    assert Image.open(path).size == tuple(int(inches * DPI) for inches in figure.drawing.get_size_inches())
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("file_format", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_vector_formats_are_the_same_bytes_each_time(gallery, file_format, start, tmp_path):
    figure = next(figure for figure in gallery.figures if figure.name == "scores_fake")
    (path,) = save_figures([figure], tmp_path, [file_format])
    assert path.read_bytes().startswith(start)
    assert path.read_bytes() == figure.encoded(file_format)


def test_a_saved_figure_is_shown_small(gallery, tmp_path):
    (path,) = save_figures([gallery.figures[-1]], tmp_path)
    shown = Image.open(io.BytesIO(SavedFigure(path)._repr_jpeg_()))
    assert (shown.format, shown.width) == ("JPEG", WIDTH)
    with pytest.raises(FileError, match="does not exist"):
        SavedFigure(tmp_path / "other.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(FileError, match="cannot be read; give a PNG"):
        SavedFigure(tmp_path / "text.png")


def test_an_unknown_format_is_an_error_before_anything_is_written(gallery, tmp_path):
    with pytest.raises(ConfigError, match="'gif' is unknown; choose from png, svg, pdf"):
        save_figures(gallery.figures, tmp_path / "new", ["png", "gif"])
    assert not (tmp_path / "new").exists()


def test_a_grid_shows_the_pictures_in_their_places():
    red, blue = torch.tensor([1.0, -1.0, -1.0]), torch.tensor([-1.0, -1.0, 1.0])
    columns = {
        "left": red[None, :, None, None].expand(2, 3, 8, 8),
        "right": blue[None, :, None, None].expand(1, 3, 8, 8),
    }
    figure = picture_columns(columns, "Two colours")
    pixels = np.asarray(Image.open(io.BytesIO(figure.encoded("png", 50))).convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    upper, lower = pixels[: height // 2], pixels[int(0.6 * height) :]
    is_red, is_blue = (lambda p: (p == [255, 0, 0]).all(-1).mean()), (lambda p: (p == [0, 0, 255]).all(-1).mean())
    assert is_red(upper[:, : width // 2]) > 0.4
    assert is_blue(upper[:, width // 2 :]) > 0.4
    assert is_red(lower[:, : width // 2]) > 0.4
    assert is_blue(lower) == 0  # the place of the missing picture stays empty


def test_rows_are_named_in_the_caption(gallery):
    figure = next(figure for figure in gallery.figures if figure.name == "recovery")
    assert all(name in figure.caption for name in NAMES[:2])


def test_whole_photos_of_any_shape_fit(traces):
    photo = traces.photos[0]
    pixels = np.zeros((90, 10, 3), dtype=np.uint8)
    tall = dataclasses.replace(photo, original=pixels, anonymised=pixels, recovered=pixels, wrong=pixels)
    figure = in_the_wild([photo, tall])
    assert figure is not None
    width, height = figure.drawing.get_size_inches()
    assert height < width
    assert in_the_wild([]) is None


def test_principal_components_of_points_on_a_line():
    direction = torch.tensor([0.6, 0.8, 0.0])
    far = torch.tensor([0.0, 0.0, 1.0])
    points, explained = principal_components(torch.stack([far + t * direction for t in (-0.1, 0.0, 0.1)]))
    assert explained[0] > 0.99
    assert math.isclose(float(points[0, 0]), -float(points[2, 0]), abs_tol=1e-9)
    assert float((points[0] - points[2]).norm()) == pytest.approx(2 * 0.1 / math.sqrt(1.01), rel=1e-6)


@pytest.mark.parametrize("shape", [(1, 5), (4, 1), (0, 3)])
def test_too_few_embeddings_are_no_plane(shape):
    with pytest.raises(ValueError, match="two of two numbers"):
        principal_components(torch.zeros(shape))


def test_equal_embeddings_do_not_divide_by_zero():
    points, explained = principal_components(torch.ones(4, 3))
    assert torch.isfinite(points).all()
    assert all(math.isfinite(share) for share in explained)


def test_the_embedding_plot_says_how_it_was_made(traces):
    figure = identities_figure.identities(traces.clouds[0])
    assert "PCA, not the paper's t-SNE" in figure.caption


def test_file_names_of_judges_hold_no_special_characters():
    assert slug("FaceNet (CASIA)/2") == "FaceNet_CASIA_2"
    assert slug("///") == "judge"


def test_roc_of_a_case_worked_by_hand():
    far, accepted = roc_curve(np.array([0.9, 0.8, 0.3]), np.array([0.85, 0.2, 0.1, 0.0]))
    # above 0.85: one of three; above 0.2: three of three, and one stranger
    assert far.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert accepted.tolist() == pytest.approx([1 / 3, 1.0, 1.0, 1.0, 1.0])


def test_roc_holds_photos_against_the_calibration_s_strangers_and_the_rest_against_the_evaluation_s(traces):
    pairs = pairs_to_tell_apart(traces.similarities[0])
    assert list(pairs) == ["same person", "recovered", "encrypted", "wrong"]
    assert [len(some) for some in pairs["same person"]] == [40, 300]
    assert [len(some) for some in pairs["recovered"]] == [50, 300]


def test_without_pairs_of_one_person_roc_leaves_them_out():
    strangers = PairSimilarities(torch.tensor([0.1, 0.2]), torch.tensor([False, False]), "strangers")
    similarities = Similarities("fake", 0.5, {"encrypted": torch.tensor([0.3])}, strangers)
    assert list(pairs_to_tell_apart(similarities)) == ["encrypted"]
    assert roc(similarities) is not None
    assert roc(dataclasses.replace(similarities, kinds={})) is None
    assert score_histograms(dataclasses.replace(similarities, kinds={})) is None


def test_histograms_tell_the_share_above_the_threshold(traces):
    kinds = {"encrypted": torch.tensor([0.1, 0.5, 0.6, 0.2]), "recovered": torch.ones(3)}
    figure = score_histograms(dataclasses.replace(traces.similarities[0], kinds=kinds))
    assert figure is not None
    assert "encrypted to original 50.0%; recovered to original 100.0%" in figure.alt


def test_the_judge_s_note_is_on_its_figures(traces):
    for draw in (roc, score_histograms):
        assert "fake (made up)" in draw(traces.similarities[0]).title


def test_reads_the_log_of_a_training_run(tmp_path):
    (tmp_path / "metrics.csv").write_text(METRICS)
    curves = read_training_log(tmp_path / "metrics.csv")
    steps, values = curves["val/loss/total"]
    assert (steps.tolist(), values.tolist()) == ([10, 20], [8.5, 6.5])
    assert "epoch" not in curves
    assert last_values(curves)["loss/total"] == 6.0


@pytest.mark.parametrize("text", ["a,b\nloss/x,1\n", "step,loss/total\n1,abc\n", "step,loss/total\n,1\n"])
def test_what_is_no_log_is_an_error_in_one_line(tmp_path, text):
    path = tmp_path / "metrics.csv"
    path.write_text(text.replace("a,b", "a,loss/x"))
    with pytest.raises(FileError, match="of a run of riddle-train"):
        read_training_log(path)


def test_finds_the_log_beside_a_checkpoint(tmp_path):
    assert find_training_log(tmp_path / "checkpoints" / "last.ckpt") is None
    for folder in ("csv", "csv_1"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "metrics.csv").write_text(METRICS)
    assert find_training_log(tmp_path / "checkpoints" / "last.ckpt").parent.parent == tmp_path


def test_a_run_without_losses_has_no_figure_of_them(tmp_path):
    (tmp_path / "metrics.csv").write_text("step,val/cosine/recovery\n1,0.5\n")
    figures, missing = draw_gallery(Traces(metrics=tmp_path / "metrics.csv"))
    assert figures == []
    assert "Losses over training" in missing


def test_runs_are_compared_by_name(tmp_path):
    (tmp_path / "metrics.csv").write_text(METRICS)
    curves = read_training_log(tmp_path / "metrics.csv")
    assert "one, two" in run_curves({"one": curves, "two": curves}, ["loss/total"]).caption
    with pytest.raises(ConfigError, match="'loss/nothing' was not logged; choose from loss/recovery"):
        run_curves({"one": curves}, ["loss/nothing"])


def test_layer_groups_are_the_paper_s():
    assert {name: len(layers) for name, layers in layer_groups(14).items()} == {"coarse": 4, "middle": 4, "fine": 6}
    assert {name: len(layers) for name, layers in layer_groups(6).items()} == {"coarse": 4, "middle": 2}


def test_layer_changes_are_measured_from_the_average_face():
    w, mean = torch.zeros(1, 2, 3), torch.zeros(3)
    w[0, :, 0] = 2.0
    w_enc = w.clone()
    w_enc[0, 1, 0] = -2.0
    assert layer_changes(w, w_enc, mean).tolist() == [[0.0, 2.0]]
    assert with_layers_of(w, w_enc, range(1, 2)).equal(w_enc)
    assert with_layers_of(w, w_enc, range(0, 1)).equal(w)
    assert layer_changes_figure(torch.rand(3, 10)).alt.startswith("Bars by layer")
