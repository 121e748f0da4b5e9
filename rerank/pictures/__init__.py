"""Pictures of what methods see: keypoints, correspondences and predictions, as matplotlib figures."""

from rerank.pictures.making import picture_keypoints, picture_matches, picture_predictions

__all__ = ["picture_keypoints", "picture_matches", "picture_predictions"]
