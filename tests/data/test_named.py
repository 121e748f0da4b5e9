import pytest

from data.datasets import open_dataset, query_folders
from data.errors import DatasetError
from data.named import NAMED_SETS, datasets_root, locate
from tests.data.samples import named, write_dataset


@pytest.mark.parametrize("name", sorted(NAMED_SETS))
def test_a_named_set_opens_under_its_name_and_a_missing_one_says_how_to_get_it(tmp_path, name):
    known = NAMED_SETS[name]
    with pytest.raises(DatasetError) as caught:
        open_dataset(name, root=tmp_path)
    message = str(caught.value)
    assert str(tmp_path / known.folder / known.queries) in message
    assert known.get in message
    assert "RERANK_DATASETS" in message
    write_dataset(tmp_path, {"database": [named(1)], known.queries: [named(2)]}, below=known.folder)
    dataset = open_dataset(name, root=tmp_path)
    assert dataset.name == name
    assert dataset.queries.conditions.tolist() == [known.condition]
    assert query_folders(name, root=tmp_path) == [known.queries]


def test_photos_that_tell_their_own_condition_keep_it(tmp_path):
    noted = named(2, note="night_forward_sf")
    write_dataset(tmp_path, {"database": [named(1)], "queries": [noted, named(3)]}, below="msls/val")
    assert open_dataset("msls", root=tmp_path).queries.conditions.tolist() == ["night", "mixed"]


def test_another_query_set_of_a_named_one_has_the_general_name(tmp_path):
    folders = {"database": [named(1)], "queries_night": [named(2)], "queries_blur": [named(3)]}
    write_dataset(tmp_path, folders, below="svox/images/test")
    dataset = open_dataset("svox_night", root=tmp_path, queries_folder="queries_blur")
    assert dataset.name == "svox_blur"


def test_the_gallery_of_svox(tmp_path):
    write_dataset(tmp_path, {"gallery": [named(1)], "queries": [named(2)]}, below="svox/images/test")
    assert len(open_dataset("svox", root=tmp_path).database) == 1


def test_where_named_sets_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RERANK_DATASETS", raising=False)
    assert datasets_root() == tmp_path / "datasets"
    monkeypatch.setenv("RERANK_DATASETS", str(tmp_path / "elsewhere"))
    assert datasets_root() == tmp_path / "elsewhere"
    assert datasets_root("given") == tmp_path / "given"


def test_the_subsets_of_tokyo_are_told_how_to_make(tmp_path):
    write_dataset(tmp_path, below="tokyo247/images/test")
    with pytest.raises(DatasetError, match="rerank data subset"):
        locate("tokyo_night", tmp_path)


def test_a_folder_that_is_called_like_a_named_set_is_opened_by_its_path(tmp_path, monkeypatch):
    write_dataset(tmp_path / "pitts30k")
    monkeypatch.chdir(tmp_path)
    assert open_dataset("./pitts30k").root == tmp_path / "pitts30k"
