"""Pictures in a folder, and in what fsspec knows besides folders."""

import uuid
from pathlib import Path

import pytest

from store.evidence.pictures import EvidenceStoreError, PictureStore


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    return PictureStore(str(tmp_path / "e") if request.param == "folder" else f"memory://{uuid.uuid4()}")


def test_picture_comes_back_and_goes_for_good(store: PictureStore) -> None:
    store.put("ab/abc/0.jpg", b"one")
    store.put("ab/abc/0.jpg", b"two")
    assert store.get("ab/abc/0.jpg") == b"two"
    store.delete("ab/abc/0.jpg")
    store.delete("ab/abc/0.jpg")
    assert store.get("ab/abc/0.jpg") is None


def test_folder_is_the_services_alone_and_leaves_no_part(tmp_path: Path) -> None:
    PictureStore(str(tmp_path / "e")).put("a.jpg", b"one")
    assert [(f.name, f.stat().st_mode & 0o777) for f in (tmp_path / "e").iterdir()] == [("a.jpg", 0o600)]


def test_what_cannot_be_kept_says_so_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("in the way")
    with pytest.raises(EvidenceStoreError, match="a picture cannot be kept"):
        PictureStore(str(tmp_path / "e")).put("92A12345.jpg", b"one")


def test_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(EvidenceStoreError, match="IOC_EVIDENCE_URL='carrier-pigeon://x'"):
        PictureStore("carrier-pigeon://x")
