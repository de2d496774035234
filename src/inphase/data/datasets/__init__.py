"""Public data sets in their published layouts."""

from inphase.data.datasets.dataset import Dataset, Missing
from inphase.data.datasets.recognise import DATASETS, load, recognise

__all__ = ["DATASETS", "Dataset", "Missing", "load", "recognise"]
