"""The pack and the encryptor that a command takes where none was named."""

import pytest

from riddle_pl.errors import PackError
from riddle_pl.packs import Pack, choose_pack, load_pack, pack_of_record


@pytest.fixture
def fetched(monkeypatch):
    """As if the photographic pack's generator were there."""
    has = Pack.has
    monkeypatch.setattr(Pack, "has", lambda self, role: self.name == "mobile" or has(self, role))


def test_the_photographic_pack_where_its_generator_is(fetched):
    said = []
    assert choose_pack(say=said.append).name == "mobile"
    assert choose_pack(size=128).size == 128
    assert said == []


def test_the_small_pack_elsewhere_and_how_to_fetch_the_other():
    said = []
    assert choose_pack(say=said.append).name == "lite"
    (line,) = said
    assert "riddle weights fetch --pack mobile" in line
    assert "lite" in line


def test_the_pack_that_was_asked_for(fetched, tiny_pack):
    assert choose_pack("lite").name == "lite"
    assert choose_pack(str(tiny_pack.folder)).name == tiny_pack.name
    with pytest.raises(PackError, match="absent"):
        choose_pack("absent")


@pytest.mark.parametrize("name", ["lite", "mobile"])
def test_a_record_names_its_pack(name):
    assert pack_of_record(name).name == name
    assert pack_of_record(name, "lite").name == "lite"


def test_a_name_in_a_record_is_no_folder(tiny_pack):
    assert pack_of_record(str(tiny_pack.folder)).name == "lite"


def test_encryptors_for_photos(tiny_pack):
    mobile = load_pack("mobile")
    assert mobile.encryptor_for_photos() == "encryptor-padded"
    missing = r"pack mobile has no encryptor of the paper; it has encryptor-padded\. To train one: "
    with pytest.raises(PackError, match=missing) as error:
        mobile.encryptor_for_photos("paper")
    assert "riddle packs new MINE --from mobile" in str(error.value)
    assert "riddle-train pack=mobile experiment=riddle_df stage=codes export=MINE" in str(error.value)
    assert load_pack("lite").encryptor_for_photos("paper") == "encryptor-paper"
    assert load_pack("lite").encryptor_for_photos("encryptor-df") == "encryptor-df"
    assert tiny_pack.encryptor_for_photos() == "encryptor"
    assert tiny_pack.entry(tiny_pack.encryptor_for_photos("paper")).arch.startswith("transformer")
