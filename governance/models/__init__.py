"""What governance keeps."""

from .bulletins import Bulletin, BulletinFile, BulletinKind, FileKind

__all__ = ["Bulletin", "BulletinFile", "BulletinKind", "FileKind"]
