"""If this fails, the generator's card claims faces, variety or originality that its samples do not have."""

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.audits.archives import FaceArchives, groups_of
from riddle_pl.evaluation.audits.embeddings import embed
from riddle_pl.evaluation.audits.generator import GeneratorAudit
from riddle_pl.evaluation.audits.population import confusion_figures, mean_distance, memorisation_figures, nearest
from riddle_pl.judging.lfw import LFW


def archives(folder, **changes):
    return FaceArchives(**{"root": str(folder), "archives": ["people", "stars"], "held_out": 0.3, **changes})


def audit(folder, **changes):
    people = LFW(str(folder), faces="faces", pairs=None, count=6)
    return GeneratorAudit(
        **{"faces": archives(folder, identities="identities.txt"), "people": people, "count": 12, **changes}
    )


def test_measures_samples_and_draws_them(context, audit_data, tiny_pack_folder):
    one = audit(audit_data, reference=str(tiny_pack_folder))
    one.check(context)
    found = one.run(context)
    figures = {(figure.section, figure.name): figure for figure in found.figures}
    floor = figures["FD-fake", "real faces to other real faces (the floor)"].value
    for psi in ("0.8", "1"):
        distance = figures["FD-fake", f"samples at psi {psi} to real faces"].value
        assert distance > floor >= 0  # random networks do not draw the painted faces
        assert figures["FD-fake", f"samples at psi {psi} of the reference to real faces"].value == distance
        share = figures["Memorisation by fake", f"samples at psi {psi}: share with a training face above the threshold"]
        assert share.count == 12
    assert figures["Diversity by fake", "the same over real people's, psi 0.8"].value < 1
    apart = figures["Perceptual features", "distance of two people, psi 1"]
    assert (apart.count, apart.value > 0) == (12, True)
    passing = figures["Diversity by fake", "two samples at psi 1 pass for one person, at FAR 0.001"].value * 12 * 11 / 2
    assert 0 < passing < 66  # of the pairs of twelve samples
    assert passing == pytest.approx(round(passing))
    assert {picture.name for picture in found.pictures if picture.shareable} == {
        "samples_psi_0.8", "samples_psi_1", "truncation", "style_mixing"
    }  # fmt: skip
    assert [picture.name for picture in found.pictures if not picture.shareable] == [
        "closest_fake_psi_0.8", "closest_fake_psi_1"
    ]  # fmt: skip


def test_a_copied_face_is_found_and_a_new_one_is_not(context):
    rng = torch.Generator().manual_seed(0)
    training = F.normalize(torch.randn(50, 64, generator=rng), dim=1)
    copied, new = training[[7, 3]], F.normalize(torch.randn(40, 64, generator=rng), dim=1)
    assert nearest(copied, training).face.tolist() == [7, 3]
    near = {"copies": nearest(copied, training), "new": nearest(new, training)}
    shares = [f.value for f in memorisation_figures(context, "", near, threshold=0.9) if "share" in f.name]
    assert shares == [1.0, 0.0]


def test_mean_distance_is_that_of_all_pairs():
    rows = F.normalize(torch.randn(9, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    pairs = [1.0 - float(rows[i] @ rows[j]) for i in range(9) for j in range(i)]
    assert mean_distance(rows) == pytest.approx(sum(pairs) / len(pairs))


def test_share_of_pairs_above_is_that_of_all_pairs():
    rows = F.normalize(torch.randn(9, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    pairs = [float(rows[i] @ rows[j]) > 0.3 for i in range(9) for j in range(i)]
    assert 0 < sum(pairs) < len(pairs)
    [figure] = confusion_figures("fake", {"psi 1": rows}, 0.3, 0.001)
    assert figure.value == pytest.approx(sum(pairs) / len(pairs))


def test_strangers_share_no_person_with_the_training_faces(audit_data):
    faces = archives(audit_data, archives=["stars"], identities="identities.txt", held_out=0.5)
    train = faces.train(32)
    persons = {int(name[-7:-4]) // 2 for name in train.names}
    everyone, strangers = faces.unseen(32), faces.strangers(32, train)
    assert 0 < len(strangers) < len(everyone)
    assert all(int(name[-7:-4]) // 2 not in persons for name in strangers.names)


def test_embeddings_of_8_bit_images_are_those_of_their_values(context):
    [recogniser] = context.recognisers
    images = torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(embed(recogniser, images), embed(recogniser, images.float() / 127.5 - 1.0))


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("synthetic_128/synthetic/a_02_female_asian.jpg", ["female", "asian"]),
        ("aaf_128/aaf/00934A16.jpg", ["up to 29"]),
        ("aaf_128/aaf/00934A50.jpg", ["50 and older"]),
        ("synthetic_128/synthetic/b_640.jpg", []),
    ],
)
def test_groups_are_read_from_names(name, groups):
    assert groups_of(name) == groups


def test_what_is_missing_or_out_of_range_is_said(context, audit_data):
    with pytest.raises(DataError, match=r"nothing\.tar"):
        audit(audit_data, faces=archives(audit_data, archives=["nothing"])).check(context)
    with pytest.raises(ConfigError, match="count=1"):
        audit(audit_data, count=1)
