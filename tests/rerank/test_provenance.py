import dataclasses
import subprocess

import numpy
import torch

from rerank import provenance
from rerank.provenance import Method, Part, current_environment, environment_differences, method_differences


def test_the_environment_names_what_computed():
    found = current_environment()
    assert found.versions["numpy"] == numpy.__version__
    assert found.threads == torch.get_num_threads()
    assert found.cpu
    assert found.cores >= 1
    assert found.memory_bytes > 1e8


def test_environments_that_differ_say_in_what():
    found = current_environment()
    other = dataclasses.replace(found, versions={**found.versions, "numpy": "0.1"}, threads=999)
    assert environment_differences(found, other) == [
        f"versions.numpy: {numpy.__version__} against 0.1",
        f"threads: {found.threads} against 999",
    ]
    assert environment_differences(found, found) == []


def test_methods_are_named_by_their_parts():
    assert Method((Part("vlad"),)).name == "vlad"
    assert not Method((Part("vlad"),)).reranks
    assert Method((Part("r2d2"), Part("ransac"))).name == "r2d2+ransac"
    assert Method((Part("r2d2"), Part("ransac"))).reranks


def test_methods_that_differ_say_in_what():
    ours = Method((Part("r2d2", {"top_k": 500}, "aa"), Part("ransac")))
    theirs = Method((Part("r2d2", {"top_k": 1000}, "bb"), Part("rapid")), precision="fp16")
    differing = method_differences(ours, theirs)
    assert "r2d2.top_k: 500 against 1000" in differing
    assert any(line.startswith("r2d2.weights") and line.endswith("aa against bb") for line in differing)
    assert "method: r2d2+ransac against r2d2+rapid" in differing
    assert "precision: float32 against fp16" in differing
    assert method_differences(ours, ours) == []


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_commit_is_that_of_the_checkout_alone(tmp_path):
    assert provenance._commit(tmp_path) is None
    git(tmp_path, "init")
    (tmp_path / "file").write_text("a")
    (tmp_path / "installed").mkdir()
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "first")
    commit = provenance._commit(tmp_path.resolve())
    assert commit is not None
    assert len(commit) == 40
    assert provenance._commit(tmp_path.resolve() / "installed") is None
    (tmp_path / "file").write_text("b")
    assert provenance._commit(tmp_path.resolve()) == f"{commit}+"
