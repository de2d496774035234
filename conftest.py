"""What pytest leaves alone: the CUDA kernels cannot be imported where Triton is not installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("triton") else ["src/inphase/warping/soft_dtw_triton*.py"]
