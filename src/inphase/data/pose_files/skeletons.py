"""Names of the joints where files tell only their number."""

_FACE = "nose,left_eye_inner,left_eye,left_eye_outer,right_eye_inner,right_eye,right_eye_outer"
_FACE += ",left_ear,right_ear,mouth_left,mouth_right"
_BODY = ("shoulder", "elbow", "wrist", "pinky", "index", "thumb", "hip", "knee", "ankle", "heel")
_BODY += ("foot_index",)

# MediaPipe Pose (BlazePose), https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker
MEDIAPIPE = (*_FACE.split(","), *(f"{side}_{part}" for part in _BODY for side in ("left", "right")))

_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
# Penn Action (Zhang, Zhu and Derpanis, ICCV 2013), in the order of its .mat files.
PENN_ACTION = ("head", *(f"{side}_{part}" for part in _LIMBS for side in ("left", "right")))

# Published files that say nothing of their joints.
BY_FILE = {"penn_action_pose.npz": PENN_ACTION}
