"""The picture store that the settings name: a folder of the data directory where they name no other."""

from app.errors import StartError
from app.settings import ServiceSettings
from store.evidence.pictures import EvidenceStoreError, PictureStore

__all__ = ["picture_store"]


def picture_store(settings: ServiceSettings) -> PictureStore:
    """The store; nothing is connected, and no folder made, before there is a picture.

    Raises:
        StartError: nothing that is installed can open it.
    """
    url = settings.evidence_url or str(settings.data_dir.absolute() / "evidence")
    try:
        return PictureStore(url)
    except EvidenceStoreError as error:
        raise StartError(str(error)) from error
