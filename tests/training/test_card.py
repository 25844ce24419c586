"""If this fails, a shipped encryptor does not say how it was made, or says where somebody's photos lay."""

from riddle_pl.training.card import encryptor_card

CHECKPOINT = {
    "riddle": {"tokens": "per_layer"},
    "global_step": 1200,
    "hyper_parameters": {
        "name": "involutive",
        "seed": 3,
        "steps": 1200,
        "data": {
            "_target_": "riddle_pl.data.ImagesDataModule",
            "root": "/home/somebody/photos",
            "val_share": 0.05,
            "inversion": {"pack": {"name_or_path": "/home/somebody/pack"}, "steps": 5},
        },
        "optimizer": {"lr": 0.25},
        "trainer": {"precision": "bf16-mixed", "max_steps": 1200},
        "ckpt_path": "/home/somebody/last.ckpt",
        "start_pack": "/home/somebody/packs/mine",
        "start_ckpt": "/home/somebody/run/earlier.ckpt",
    },
}


def test_the_card_gives_the_settings_and_no_path() -> None:
    card = encryptor_card("encryptor-df", CHECKPOINT)
    assert card.startswith("# encryptor-df\n")
    for setting in (
        "seed: 3",
        "lr: 0.25",
        "val_share: 0.05",
        "precision: bf16-mixed",
        "1,200 steps",
        "per_layer",
        "mine",
        "earlier.ckpt",
        "steps: 5",
    ):
        assert setting in card
    assert "somebody" not in card


def test_the_card_names_the_hardware_if_the_checkpoint_does() -> None:
    origin = {"tokens": "per_layer", "hardware": "NVIDIA H200"}
    assert "1,200 steps on NVIDIA H200; averaged weights" in encryptor_card("mine", {**CHECKPOINT, "riddle": origin})
    assert "1,200 steps; averaged weights" in encryptor_card("mine", CHECKPOINT)


def test_the_card_says_what_its_records_give_away() -> None:
    """It stays until there is an encryptor of which it is not true."""
    card = " ".join(encryptor_card("encryptor", CHECKPOINT).split())
    for said in ("keeps no secret", "test guesses of the password", "riddle-attack", "docs/security.md"):
        assert said in card
