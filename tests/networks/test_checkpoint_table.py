import re

import pytest

from networks.checkpoint_record import Checkpoint
from networks.checkpoint_table import CHECKPOINTS

ALL = pytest.mark.parametrize("checkpoint", CHECKPOINTS.values(), ids=lambda checkpoint: checkpoint.file)


@ALL
def test_every_file_can_be_had_and_states_its_terms(checkpoint: Checkpoint) -> None:
    assert checkpoint.address or checkpoint.by_hand or checkpoint.parts
    assert checkpoint.licence
    assert checkpoint.purpose
    if checkpoint.address:
        assert checkpoint.address.startswith("https://")


@ALL
def test_digests_are_digests(checkpoint: Checkpoint) -> None:
    assert checkpoint.sha256 is None or re.fullmatch("[0-9a-f]{64}", checkpoint.sha256)
    assert checkpoint.git_blob is None or re.fullmatch("[0-9a-f]{40}", checkpoint.git_blob)
    assert checkpoint.size_bytes is None or checkpoint.size_bytes > 0


def test_no_two_files_share_a_name_or_a_digest() -> None:
    for name in ("address", "sha256", "git_blob"):
        values = [value for item in CHECKPOINTS.values() if (value := getattr(item, name)) is not None]
        assert len(set(values)) == len(values)


@ALL
def test_parts_are_listed_and_bind_the_whole(checkpoint: Checkpoint) -> None:
    parts = [CHECKPOINTS[file] for _, file in checkpoint.parts]
    assert checkpoint.commercial <= all(part.commercial for part in parts)
    assert checkpoint.copyleft >= any(part.copyleft for part in parts)
    assert len({prefix for prefix, _ in checkpoint.parts}) == len(parts)


def test_the_thirty_cosplace_files() -> None:
    found = [file for file in CHECKPOINTS if file.endswith("_cosplace.pth")]
    assert len(found) == 30
    assert {"VGG16_64_cosplace.pth", "ResNet18_512_cosplace.pth", "ResNet152_2048_cosplace.pth"} <= set(found)
    assert not {"VGG16_32_cosplace.pth", "ResNet18_1024_cosplace.pth"} & set(found)


@pytest.mark.parametrize(
    ("file", "commercial", "permissive"),
    [
        ("ResNet50_512_cosplace.pth", True, True),
        ("aliked-n16.pth", True, True),
        ("aliked_lightglue.pth", True, True),
        ("keynet_orinet_hardnet.safetensors", False, False),
        ("superpoint_v1.pth", False, False),
        ("superglue_outdoor.pth", False, False),
        ("r2d2_WASF_N16.pt", False, False),
        ("TransVPR_MSLS.pth", False, False),
        ("r50_gldv2.pt", True, False),  # GPL: sold as one likes, closed never
    ],
)
def test_licences(file: str, commercial: bool, permissive: bool) -> None:
    assert CHECKPOINTS[file].commercial is commercial
    assert CHECKPOINTS[file].permissive is permissive


def test_the_table_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        CHECKPOINTS["new.pth"] = CHECKPOINTS["aliked-n16.pth"]  # type: ignore[index]
