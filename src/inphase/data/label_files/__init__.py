"""Labels in the formats of those who make them: read into and written from `Segments`."""

from inphase.data.label_files.by_format import FORMATS, read_labels, write_labels

__all__ = ["FORMATS", "read_labels", "write_labels"]
