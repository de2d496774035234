"""How training looks at a video: which frames, and under which augmentation."""
