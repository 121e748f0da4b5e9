"""The published checkpoints: the one table of file names, addresses, digests and licences.

Weights that their authors publish from a repository, with no statement of their own, are read under
that repository's licence. Where that is doubtful, `commercial` is False: nothing here grants more
than somebody wrote down.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from networks.checkpoint_record import Checkpoint
from networks.kornia_checkpoints import kornia_checkpoints

SHIPPED = Path(__file__).parent / "shipped"  # files that come with the project, with a card each
_NOT_STATED = "none stated for the weights"


def _cosplace() -> Iterator[Checkpoint]:
    small, large = (32, 64, 128, 256, 512), (32, 64, 128, 256, 512, 1024, 2048)
    dimensions = {"VGG16": small[1:], "ResNet18": small} | dict.fromkeys(
        ("ResNet50", "ResNet101", "ResNet152"), large
    )
    for backbone, sizes in dimensions.items():
        for size in sizes:
            file = f"{backbone}_{size}_cosplace.pth"
            yield Checkpoint(
                file,
                purpose=f"CosPlace retriever, {backbone}, {size}-d",
                licence="MIT (the repository's)",
                commercial=True,
                address=f"https://github.com/gmberton/CosPlace/releases/download/v1.0/{file}",
            )


def _magic_leap() -> Iterator[Checkpoint]:
    licence = "Magic Leap: academic or non-profit organization noncommercial research use only"
    base = "https://github.com/magicleap/SuperGluePretrainedNetwork/raw/master/models/weights"
    yield Checkpoint(
        "superpoint_v1.pth",
        purpose="SuperPoint extractor",
        licence=licence,
        commercial=False,
        address=f"{base}/superpoint_v1.pth",
        sha256="52b6708629640ca883673b5d5c097c4ddad37d8048b33f09c8ca0d69db12c40e",
        git_blob="107a444ca318d487390137d619d49f2f0a3b1ad8",
        size_bytes=5206086,
    )
    yield Checkpoint(
        "superglue_outdoor.pth",
        purpose="SuperGlue matcher, trained on MegaDepth",
        licence=licence,
        commercial=False,
        address=f"{base}/superglue_outdoor.pth",
        sha256="2f5f5e9bb3febf07b69df633c4c3ff7a17f8af26a023aae2b9303d22339195bd",
        git_blob="5ca3392bd5349790d7bc1c246961fc041b88c1e8",
    )
    yield Checkpoint(
        "superglue_indoor.pth",
        purpose="SuperGlue matcher, trained on ScanNet",
        licence=licence,
        commercial=False,
        address=f"{base}/superglue_indoor.pth",
        git_blob="2b54532f1b7321505cac79ee3a2863ef2ab2d163",
    )


def _r2d2() -> Iterator[Checkpoint]:
    files = {
        "r2d2_WASF_N16.pt": (1950677, "9ae90e02a9a133d100ca7aeaa32f4d4d7736a6dd222a530a25c8f7da5e508528"),
        "r2d2_WAF_N16.pt": (1950677, "27cebd6608317b35198a76f60f87492110dee3e88ca382586a729dadb1a16b90"),
        "r2d2_WASF_N8_big.pt": (4171550, "597dc13998e211e827c550bdc8f76dbb4aca32747846f96962c9168586cec418"),
    }
    for file, (size, sha256) in files.items():
        yield Checkpoint(
            file,
            purpose="R2D2 extractor" + (", the wider network" if "big" in file else ""),
            licence="CC BY-NC-SA 3.0, non-commercial (NAVER; the repository's)",
            commercial=False,
            address=f"https://github.com/naver/r2d2/raw/master/models/{file}",
            sha256=sha256,
            size_bytes=size,
            container="`state_dict` beside `net`, a Python expression never evaluated; keys under `module.`",
        )


def _d2net() -> Iterator[Checkpoint]:
    files = {
        "d2_tf.pth": "tuned on MegaDepth",
        "d2_tf_no_phototourism.pth": "tuned on MegaDepth without the scenes of PhotoTourism",
        "d2_ots.pth": "VGG-16 off the shelf",
    }
    for file, how in files.items():
        yield Checkpoint(
            file,
            purpose=f"D2-Net extractor, {how}",
            licence=f"{_NOT_STATED} (code: Clear BSD)",
            commercial=False,
            address=f"https://dusmanu.com/files/d2-net/{file}",
            container="`model`",
        )


def _delg() -> Iterator[Checkpoint]:
    for depth in ("50", "101"):
        for trained_on in ("gld_20200814", "gldv2clean_20200914"):
            file = f"r{depth}delg_{trained_on}.tar.gz"
            yield Checkpoint(
                file,
                purpose=f"DELG extractor, ResNet-{depth}, {trained_on.partition('_')[0]}",
                licence="Apache-2.0 (the repository's)",
                commercial=True,
                address=f"https://storage.googleapis.com/delf/{file}",
                container="TensorFlow SavedModel in a tar archive, read without TensorFlow",
            )


def _patchnetvlad() -> Iterator[Checkpoint]:
    files: dict[str, tuple[int | None, str]] = {
        "pitts_WPCA4096": (1132901186, "2c3cf17de91974156cb6aee40a6f7a229825095273d7de87c0792084ae1bf4aa"),
        "pitts_WPCA512": (None, "309611d927c759e897e1eb27977994236b5618d9d3cd7202035cea1b56c08c1c"),
        "pitts_WPCA128": (92681537, "74bb0e0113c074ed9b07651a5f01bd424171d8e3b91d7024d2ccb0b0392164f3"),
        "mapillary_WPCA4096": (327398210, "4b22ad1619bb7f085a5229d35f0f865740f2cdad2bced2ddbc7b28791c5b1542"),
        "mapillary_WPCA512": (92488008, "acbe2597c1c23c95482883c05969006a74bf7e68c4151dbb4ab5d67b69e8e346"),
        "mapillary_WPCA128": (67319611, "5b6de8a5537061bbe7a477b62bb687b042d92d472e5231e2072026ecc59ec4b1"),
    }
    for stem, (size, sha256) in files.items():
        yield Checkpoint(
            f"{stem}.pth.tar",
            purpose=f"Patch-NetVLAD extractor, {stem.replace('_WPCA', ', components: ')}",
            licence="MIT",
            commercial=True,
            address=f"https://huggingface.co/TobiasRobotics/Patch-NetVLAD/resolve/main/{stem}.pth.tar",
            sha256=sha256,
            size_bytes=size,
            container="`state_dict` beside `num_pcs`; the WPCA tensors are float64",
        )


def _transvpr() -> Iterator[Checkpoint]:
    blobs = {
        "Pitts30k": "6c7f15e856d25ee8bfe24ebb238c8708d26edd2e",
        "MSLS": "761be24b0bcf8dbea49054da7bef7087b723f73a",
    }
    for trained_on, blob in blobs.items():
        file = f"TransVPR_{trained_on}.pth"
        yield Checkpoint(
            file,
            purpose=f"TransVPR extractor, trained on {trained_on}",
            licence=f"{_NOT_STATED}, nor for the code",
            commercial=False,
            address=f"https://github.com/RuotongWANG/TransVPR-model-implementation/raw/main/{file}",
            git_blob=blob,
        )


def _rrt() -> Iterator[Checkpoint]:
    blobs = {
        "r50_gldv1": "ef7183a8bf234e8b32d3793a3f1a8294e9513b1e",
        "r50_gldv2": "fad0328d119c964c086c8b1460a3f3a8642aa086",
        "r101_gldv1": "c88a32c8ae0e4d354e4d2088ffb892098b8aeb0f",
        "r101_gldv2": "cd436be08801de6bceedc580f9880522818edbbf",
    }
    base = "https://github.com/uvavision/RerankingTransformer/raw/main/RRT_GLD/rrt_gld_ckpts"
    for stem, blob in blobs.items():
        yield Checkpoint(
            f"{stem}.pt",
            purpose=f"RRT matcher on DELG features, {stem}",
            licence="GPL-3.0 (the repository's)",
            commercial=True,
            copyleft=True,
            address=f"{base}/{stem}.pt",
            git_blob=blob,
            container="`state`, perhaps beside `optim`",
        )


def _loftr() -> Iterator[Checkpoint]:
    licence = "Apache-2.0 (the repository's)"
    yield Checkpoint(
        "loftr_outdoor.ckpt",
        purpose="LoFTR extractor and matcher, outdoor, dual softmax (Kornia's copy)",
        licence=licence,
        commercial=True,
        address="https://huggingface.co/kornia/loftr/resolve/main/loftr_outdoor.ckpt",
        container="`state_dict`",
    )
    yield Checkpoint(
        "outdoor_ds.ckpt",
        purpose="LoFTR extractor and matcher, outdoor, dual softmax (the authors' file)",
        licence=licence,
        commercial=True,
        by_hand="open https://drive.google.com/drive/folders/1DOcOPZb3-5cWxLqn256AhwUVjBPifhuf",
        container="`state_dict` of a Lightning checkpoint; keys under `matcher.`",
    )


def _cvnet() -> Iterator[Checkpoint]:
    for depth in (50, 101):
        yield Checkpoint(
            f"CVPR2022_CVNet_R{depth}.pyth",
            purpose=f"CVNet extractor and matcher, ResNet-{depth}",
            licence=f"{_NOT_STATED}, nor for the code",
            commercial=False,
            by_hand="open https://drive.google.com/drive/folders/1gMbZ8JlTyPlH2-6HW5NHRe58LmKfJybx",
            container="`model_state`, or a plain state dict",
        )


def _geowarp() -> Iterator[Checkpoint]:
    archives = {
        "pretrained_baselines": ("encoder", "1WjfQFS_13uvg_eyefNJWVIKbvy9tSPR-"),
        "trained_homography_regressions": ("homography regression", "14rEDzPYbLThfIHzT5wlP5le8ILQObqmf"),
    }
    licence = "MIT (the repository's)"
    for name in (
        f"{arch}_{pooling}" for arch in ("alexnet", "vgg16", "resnet50") for pooling in ("gem", "netvlad")
    ):
        for folder, (part, identity) in archives.items():
            yield Checkpoint(
                f"{folder}/{name}.pth",
                purpose=f"GeoWarp {part}, {name.replace('_', ', ')}",
                licence=licence,
                commercial=True,
                by_hand=f"open https://drive.google.com/uc?id={identity} and unpack the archive, "
                f"which holds the folder {folder}",
            )
        yield Checkpoint(
            f"geowarp_{name}.safetensors",
            purpose=f"GeoWarp matcher, encoder and homography regression, {name.replace('_', ', ')}",
            licence=licence,
            commercial=True,
            parts=tuple(
                zip(("", "regression."), (f"{folder}/{name}.pth" for folder in archives), strict=True)
            ),
        )


def _netvlad() -> Iterator[Checkpoint]:
    for trained_on in ("Pitts30K", "TokyoTM"):
        file = f"{trained_on}_struct.mat"
        yield Checkpoint(
            file,
            purpose=f"NetVLAD retriever, VGG-16, {trained_on}",
            licence=f"{_NOT_STATED} (the authors' code: MIT)",
            commercial=False,
            address=f"https://cvg-data.inf.ethz.ch/hloc/netvlad/{file}",
            container="MATLAB struct, converted by the retriever",
        )


def _mixvpr() -> Iterator[Checkpoint]:
    files = {
        "4096_channels(1024)_rows(4)": "1vuz3PvnR7vxnDDLQrdHJaOA04SQrtk5L",
        "512_channels(256)_rows(2)": "1khiTUNzZhfV2UUupZoIsPIbsMRBYVDqj",
        "128_channels(64)_rows(2)": "1DQnefjk1hVICOEYPwE4-CZAZOvi1NSJz",
    }
    for shape, identity in files.items():
        yield Checkpoint(
            f"resnet50_MixVPR_{shape}.ckpt",
            purpose=f"MixVPR retriever, ResNet-50, {shape.partition('_')[0]}-d",
            licence=f"{_NOT_STATED}, nor for the code",
            commercial=False,
            address=f"https://drive.google.com/uc?export=download&id={identity}",
            by_hand=f"open https://drive.google.com/file/d/{identity}",
        )


def _own() -> Iterator[Checkpoint]:
    purposes = {
        "cosplace_small.safetensors": "CosPlace retriever, ResNet-18 up to its third stage, 256-d",
        "superpoint_small.safetensors": "SuperPoint extractor",
    }
    for file, purpose in purposes.items():
        yield Checkpoint(
            file,
            purpose=f"{purpose}, trained by this project on drawn cities",
            licence="Apache-2.0",
            commercial=True,
            by_hand="it comes with the project: install the project anew",
        )


_GROUPS = (
    _own, _cosplace, _netvlad, _mixvpr, _magic_leap, _r2d2, _d2net,
    _delg, _patchnetvlad, _transvpr, _rrt, _loftr, _cvnet, _geowarp, kornia_checkpoints,
)  # fmt: skip

CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {checkpoint.file: checkpoint for group in _GROUPS for checkpoint in group()}
)
