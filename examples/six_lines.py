"""The whole job in six lines. Run `make demo` first, or write the folder of your own videos."""

import inphase

videos = inphase.find("demo/videos")
model = inphase.fit(videos, out="runs/first")
embeddings = inphase.embed(model, videos)
alignments = inphase.align(embeddings["00"], embeddings)
inphase.save_alignments(alignments, videos, "runs/first/aligned")
