"""Local features: one module for each extractor, the feature record and the feature store."""

from extractors.base import Extractor, ExtractorSpec
from extractors.record import Features
from networks.registry import Registry

registry = Registry(
    kind="extractor",
    group="rerank.extractors",
    builtins={
        "rootsift": "extractors.rootsift:RootSIFT",
        "superpoint": "extractors.superpoint:SuperPoint",
        "r2d2": "extractors.r2d2:R2D2",
        "d2net": "extractors.d2net:D2Net",
        "delg": "extractors.delg:Delg",
        "transvpr": "extractors.transvpr:TransVPR",
        "patchnetvlad": "extractors.patchnetvlad:PatchNetVLAD",
        "loftr": "extractors.loftr:LoFTR",
        "cvnet": "extractors.cvnet:CVNet",
        "aliked": "extractors.aliked:ALIKED",
        "disk": "extractors.disk:DISK",
        "dedode": "extractors.dedode:DeDoDe",
        "xfeat": "extractors.xfeat:XFeat",
        "keynet": "extractors.keynet:KeyNet",
        "geowarp": "extractors.geowarp:GeoWarp",
    },
    compiled=True,
)
build = registry.build

__all__ = ["Extractor", "ExtractorSpec", "Features", "build", "registry"]
