"""If this fails, a result names another commit than the one that made it."""

from pathlib import Path

import pytest

from riddle_pl import __version__, provenance

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, head: str, **files: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    named = {key.replace("__", "/").replace("packed_refs", "packed-refs"): text for key, text in files.items()}
    for name, text in {"HEAD": head, **named}.items():
        path = folder / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder


def test_a_branch_a_packed_one_and_none(tmp_path: Path) -> None:
    assert provenance._of_git(git(tmp_path / "a", "ref: refs/heads/main", refs__heads__main=COMMIT)) == COMMIT
    packed = f"# pack-refs\n{COMMIT[::-1]} refs/heads/other\n{COMMIT} refs/heads/main"
    assert provenance._of_git(git(tmp_path / "b", "ref: refs/heads/main", packed_refs=packed)) == COMMIT
    assert provenance._of_git(git(tmp_path / "c", COMMIT)) == COMMIT
    assert provenance._of_git(git(tmp_path / "d", "ref: refs/heads/main")) is None
    assert provenance._of_git(git(tmp_path / "e", "nonsense")) is None
    assert provenance._of_git(tmp_path) is None


def test_a_linked_working_tree(tmp_path: Path) -> None:
    git(tmp_path / "main", COMMIT[::-1], refs__heads__side=COMMIT, worktrees__side__HEAD="ref: refs/heads/side")
    (tmp_path / "main" / ".git" / "worktrees" / "side" / "commondir").write_text("../..\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side" / ".git").write_text(f"gitdir: {tmp_path / 'main' / '.git' / 'worktrees' / 'side'}\n")
    assert provenance._of_git(tmp_path / "side") == COMMIT


def test_the_commit_is_told_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: COMMIT)
    assert provenance.made_by() == f"riddle-pl {__version__}, commit {COMMIT}"
    monkeypatch.setattr(provenance, "commit", lambda: None)
    assert provenance.made_by() == f"riddle-pl {__version__}"
