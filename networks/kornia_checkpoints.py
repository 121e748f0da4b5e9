"""The published checkpoints of the methods whose networks are Kornia's, for the table.

The addresses are those of the authors, as Kornia names them; Kornia's own copies lie elsewhere.
"""

from collections.abc import Iterator

from networks.checkpoint_record import Checkpoint

_OF_REPOSITORY = "(the repository's)"


def kornia_checkpoints() -> Iterator[Checkpoint]:
    """Yield the checkpoints of ALIKED, DISK, XFeat, DeDoDe, Key.Net with HardNet, and LightGlue."""
    for group in (_aliked, _disk, _xfeat, _dedode, _keynet, _lightglue):
        yield from group()


def _aliked() -> Iterator[Checkpoint]:
    known: dict[str, tuple[int | None, str | None]] = {
        "n16": (2738091, "5be8704840ed662d9d8c561bf7279c222092674e7eb05fd0feab94899e9d82f2"),
        "n16rot": (None, None),
        "n32": (None, None),
        "t16": (None, None),
    }
    for variant, (size, sha256) in known.items():
        file = f"aliked-{variant}.pth"
        yield Checkpoint(
            file,
            purpose=f"ALIKED extractor, {variant}",
            licence="BSD 3-Clause",
            commercial=True,
            address=f"https://github.com/Shiaoming/ALIKED/raw/main/models/{file}",
            sha256=sha256,
            size_bytes=size,
        )


def _disk() -> Iterator[Checkpoint]:
    for variant, teacher in (("depth", "depth maps"), ("epipolar", "epipolar lines")):
        yield Checkpoint(
            f"{variant}-save.pth",
            purpose=f"DISK extractor, trained with {teacher}",
            licence=f"Apache-2.0 {_OF_REPOSITORY}",
            commercial=True,
            address=f"https://raw.githubusercontent.com/cvlab-epfl/disk/master/{variant}-save.pth",
            container="`extractor`",
        )


def _xfeat() -> Iterator[Checkpoint]:
    yield Checkpoint(
        "xfeat.pt",
        purpose="XFeat extractor",
        licence=f"Apache-2.0 {_OF_REPOSITORY}",
        commercial=True,
        address="https://github.com/verlab/accelerated_features/raw/main/weights/xfeat.pt",
    )


def _dedode() -> Iterator[Checkpoint]:
    licence = "MIT (the repositories')"
    authors = "https://github.com/Parskatt/DeDoDe/releases/download"
    steerers = "https://github.com/georg-bn/rotation-steerers/releases/download/release-2"
    detectors = {
        "L-upright": f"{authors}/dedode_pretrained_models/dedode_detector_L.pth",
        "L-C4": f"{steerers}/dedode_detector_C4.pth",
        "L-SO2": f"{steerers}/dedode_detector_SO2.pth",
        "L-C4-v2": f"{authors}/v2/dedode_detector_L_v2.pth",
    }
    descriptors = {
        "B-upright": f"{authors}/dedode_pretrained_models/dedode_descriptor_B.pth",
        "B-C4": f"{steerers}/B_C4_Perm_descriptor_setting_C.pth",
        "B-SO2": f"{steerers}/B_SO2_Spread_descriptor_setting_C.pth",
    }
    for part, addresses in (("detector", detectors), ("descriptor", descriptors)):
        for name, address in addresses.items():
            file = _file_of(address)
            yield Checkpoint(
                file, f"part of DeDoDe, {part} {name}", licence=licence, commercial=True, address=address
            )
    for detector, first in detectors.items():
        for descriptor, second in descriptors.items():
            yield Checkpoint(
                f"dedode_{detector}_{descriptor}.safetensors",
                purpose=f"DeDoDe extractor, {detector} and {descriptor}",
                licence=licence,
                commercial=True,
                parts=(("detector.", _file_of(first)), ("descriptor.", _file_of(second))),
            )


def _keynet() -> Iterator[Checkpoint]:
    known, unknown = f"MIT {_OF_REPOSITORY}", "not known: see github.com/axelBarroso/Key.Net-Pytorch"
    github = "https://github.com"
    parts = {
        "keynet": (
            f"{github}/axelBarroso/Key.Net-Pytorch/raw/main/model/weights/keynet_pytorch.pth",
            unknown,
        ),
        "orinet": (f"{github}/ducha-aiki/affnet/raw/master/pretrained/OriNet.pth", known),
        "hardnet": (
            f"{github}/DagnyT/hardnet/raw/master/pretrained/train_liberty_with_aug/"
            "checkpoint_liberty_with_aug.pth",
            known,
        ),
    }
    for name, (address, licence) in parts.items():
        yield Checkpoint(
            _file_of(address),
            purpose=f"part of the extractor keynet, {name}",
            licence=licence,
            commercial=licence == known,
            address=address,
            container="`state_dict`",
        )
    yield Checkpoint(
        "keynet_orinet_hardnet.safetensors",
        purpose="extractor keynet, all three parts",
        licence=f"{unknown}; OriNet and HardNet {known}",
        commercial=False,
        parts=tuple((f"{name}.", _file_of(address)) for name, (address, _) in parts.items()),
    )


def _lightglue() -> Iterator[Checkpoint]:
    for features in ("superpoint", "disk", "aliked"):
        file = f"{features}_lightglue.pth"
        yield Checkpoint(
            file,
            purpose=f"LightGlue matcher on {features}'s features",
            licence=f"Apache-2.0 {_OF_REPOSITORY}",
            commercial=True,
            address=f"https://github.com/cvg/LightGlue/releases/download/v0.1_arxiv/{file}",
        )


def _file_of(address: str) -> str:
    return address.rpartition("/")[2]
