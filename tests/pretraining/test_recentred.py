"""A failure here: the pack would hold networks of different coordinates, or lose what its cards say."""

from pathlib import Path

import pytest
import torch

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError, PackError
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.pretraining.generator.gaussian_mapping import REACH
from riddle_pl.pretraining.recentred import RecentredRecipe
from tests.tiny_pack import NETWORKS, SIZE


@pytest.fixture
def faces() -> FaceSet:
    return FaceSet(torch.randint(256, (8, 3, SIZE, SIZE), dtype=torch.uint8), [str(index) for index in range(8)])


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Generator, encoder and an encryptor that is its own inverse, each with a card."""
    folder = tmp_path / "pack"
    torch.manual_seed(0)
    for role in ("generator", "encoder", "encryptor-df"):
        arch, args, extra = NETWORKS[role]
        write_pack_entry(folder, role, build(arch, args), arch, args, size=SIZE, card=f"# {role}\n\nTold.", **extra)
    return folder


def test_a_pack_is_rewritten_and_its_cards_kept(faces: FaceSet, pack: Path) -> None:
    x = faces.batch(4, 0, 0)
    old = load_pack(pack)
    with torch.no_grad():
        before = old.load("generator")(old.load("encoder")(x))
    recipe = RecentredRecipe(faces, str(pack), 2.0, 0.8, {}, 0)
    assert recipe.finished
    assert recipe.samples().shape == (48, 3, SIZE, SIZE)
    assert recipe.export(pack, "the command") == list(recipe.roles) == ["generator", "encoder", "encryptor-df"]
    new = load_pack(pack)
    with torch.no_grad():
        torch.testing.assert_close(new.load("generator")(new.load("encoder")(x)), before, atol=0.05, rtol=0.05)
    for role in new.roles:
        assert new.expected_sha256(role) != old.expected_sha256(role)
        assert new.entry(role).origin == f"{old.entry(role).origin}; then the command"
        assert new.entry(role).tokens == old.entry(role).tokens
        card = (pack / f"{role}.md").read_text()
        assert "Told." in card
        assert "- command: `the command`" in card


def test_a_pack_without_a_card_is_left_as_it_was(faces: FaceSet, pack: Path) -> None:
    (pack / "encryptor-df.md").unlink()
    before = {path.name: path.read_bytes() for path in pack.iterdir()}
    with pytest.raises(PackError, match=r"encryptor-df\.md"):
        RecentredRecipe(faces, str(pack), 2.0, 0.8, {}, 0).export(pack, "the command")
    assert {path.name: path.read_bytes() for path in pack.iterdir()} == before


def test_another_folder_receives_the_whole_pack(faces: FaceSet, pack: Path, tmp_path: Path) -> None:
    (pack / "README.md").write_text("About.")
    RecentredRecipe(faces, str(pack), 2.0, 0.8, {}, 0).export(tmp_path / "new", "the command")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {path.name for path in pack.iterdir()}
    assert load_pack(tmp_path / "new").expected_sha256("generator") != load_pack(pack).expected_sha256("generator")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "pack"]


def test_what_cannot_be_rewritten_is_refused(faces: FaceSet, tiny_pack_folder: Path, pack: Path) -> None:
    with pytest.raises(PackError, match=r"encryptor of pack tiny is a .*; expected InvolutiveEncryptor"):
        RecentredRecipe(faces, str(tiny_pack_folder), 2.0, 1.0, {}, 0)
    with pytest.raises(ConfigError, match=r"recipe\.width is 0; expected a factor above 0"):
        RecentredRecipe(faces, str(pack), 0, 1.0, {}, 0)
    with pytest.raises(ConfigError, match=r"recipe\.encryptor_shares\.encryptor-df is 2\.0; expected 0 to 1"):
        RecentredRecipe(faces, str(pack), 1.0, 1.0, {"encryptor-df": 2.0}, 0)
    with pytest.raises(ConfigError, match=r"recipe\.encryptor_shares names other; the pack has encryptor-df"):
        RecentredRecipe(faces, str(pack), 1.0, 1.0, {"other": 0.5}, 0)


def test_the_centres_of_an_encryptor_move_to_the_layers_means(faces: FaceSet, pack: Path) -> None:
    recipe = RecentredRecipe(faces, str(pack), 2.0, 1.0, {"encryptor-df": 1.0}, 0)
    torch.testing.assert_close(recipe.encryptors["encryptor-df"].mean, torch.full((8, 512), REACH))


def test_what_a_link_in_a_pack_leads_to_is_not_copied(faces: FaceSet, pack: Path, tmp_path: Path) -> None:
    """A stranger's pack may hold a link to a private file, and the new pack is there to be shared."""
    secret = tmp_path / "private.txt"
    secret.write_text("private")
    (pack / "notes.md").symlink_to(secret)
    RecentredRecipe(faces, str(pack), 2.0, 0.8, {}, 0).export(tmp_path / "new", "the command")
    written = [path for path in (tmp_path / "new").rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(written) > 5
    assert not [path for path in written if b"private" in path.read_bytes()]
