"""Who is let in, and what cannot be read or sent."""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.curation.project import Project
from tests.data.curation.made import harvested
from tests.data.samples import write_photo
from tests.rerank.curate.made_projects import street_project

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("httpx", reason="httpx is not installed")

from fastapi.testclient import TestClient

from rerank.curate.app import make_app
from rerank.curate.tiles import Tiles
from rerank.curate.viewer import viewer_of

HOST = "127.0.0.1:8700"
ORIGIN = {"origin": f"http://{HOST}"}
KEY = "0123456789abcdef"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with street_project(tmp_path, photos=2, database=4) as made:
        yield made


def client_of(project: Project, *, enters: bool = True) -> TestClient:
    app, token = make_app(project, [HOST, "localhost:8700"])
    client = TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False)
    if enters:
        assert client.get(f"/?token={token}", follow_redirects=False).status_code == 303
    return client


@pytest.fixture
def client(project: Project) -> TestClient:
    return client_of(project)


def judged(**changes: Any) -> dict[str, Any]:
    spot = [548010.0, 4180004.0, 90.0]
    usual = {"who": "ada", "key": KEY, "item": "flickr:1", "action": "accept", "before": spot, "after": spot}
    return {**usual, "seconds": 1.0, **changes}


def test_nothing_is_told_without_the_token(project: Project) -> None:
    client = client_of(project, enters=False)
    for path in (
        "/",
        "/assets/main.js",
        "/photo?id=flickr:1",
        "/api/session?who=ada",
        "/?token=",
        "/?token=x",
    ):
        assert client.get(path).status_code == 401, path
    assert client.post("/api/judge", json=judged(), headers=ORIGIN).status_code == 401
    assert client.get("/", headers={"cookie": "rerank-8700=wrong"}).status_code == 401
    assert client.get("/", headers={"cookie": "a=\x01;;;=; rerank-8700"}).status_code == 401


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(project: Project) -> None:
    app, token = make_app(project, [HOST])
    answer = TestClient(app, base_url=f"http://{HOST}").get(f"/?token={token}", follow_redirects=False)
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    assert len(token) >= 32
    assert make_app(project, [HOST])[1] != token


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:80", "evil.example:8700", ""])
def test_a_foreign_host_is_refused_also_with_the_token(client: TestClient, host: str) -> None:
    assert client.get("/api/session?who=ada", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8700", "http://127.0.0.1:1"]
)
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/api/session?who=ada", headers={"origin": origin}).status_code == 403
    assert client.post("/api/judge", json=judged(), headers={"origin": origin}).status_code == 403


def test_a_change_must_name_its_origin_and_be_small(client: TestClient, project: Project) -> None:
    assert client.post("/api/judge", json=judged()).status_code == 403
    big = {"who": "ada", "text": "x" * 70_000}
    assert client.post("/api/place", json=big, headers=ORIGIN).status_code == 413
    chunks = iter([json.dumps(judged()).encode()])
    assert client.post("/api/judge", content=chunks, headers=ORIGIN).status_code == 411
    assert project.state().items["flickr:1"].words == ()
    assert client.post("/api/judge", json=judged(), headers=ORIGIN).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../app.py",
        "/assets/%2e%2e/%2e%2e/app.py", "/assets/..%2f..%2fapp.py", "/..%2f..%2fetc/passwd",
        "//etc/passwd", "/assets//etc/passwd", "/assets/%00", "/assets/main.js%00.css", "/settings.json",
        "/project/journal.sqlite", "/assets/..\\..\\app.py", "/docs", "/openapi.json", "/assets/",
    ],
)  # fmt: skip
def test_no_file_is_reached_by_a_path(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["../settings.json", "/etc/passwd", "flickr/1.jpg", "flickr:1/../../settings.json", "", "..", "\x00"],
)
def test_photos_are_named_by_ids_alone(client: TestClient, name: str) -> None:
    answer = client.get("/photo", params={"id": name})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


def test_a_journal_that_names_a_file_outside_or_a_link_to_one_shows_nothing(
    client: TestClient, project: Project
) -> None:
    write_photo(project.folder.parent / "secret.jpg")
    (project.photos / "link.jpg").symlink_to(project.folder.parent / "secret.jpg")
    names = ["../../secret.jpg", str(project.folder.parent / "secret.jpg"), "link.jpg"]
    project.journal.append("harvest", *(harvested(10 + n, file=file) for n, file in enumerate(names)))
    for number in range(10, 13):
        answer = client.get("/photo", params={"id": f"flickr:{number}"})
        assert answer.status_code == 400
        assert "names a file outside" in answer.json()["error"]


@pytest.mark.parametrize("index", ["-1", "4", "99999999999999999999", "1.5", "x", "../1"])
def test_database_photos_are_named_by_numbers_that_there_are(client: TestClient, index: str) -> None:
    assert client.get("/database", params={"index": index}).status_code == 400


def test_photos_are_encoded_anew_in_a_few_sizes(client: TestClient, project: Project) -> None:
    sent = client.get("/photo", params={"id": "flickr:1", "px": 320})
    assert sent.headers["content-type"] == "image/jpeg"
    assert sent.content.startswith(b"\xff\xd8\xff")
    assert sent.content != (project.photos / "flickr/1.jpg").read_bytes()
    assert client.get("/database", params={"index": 3}).status_code == 200
    for px in ("0", "319", "100000", "-1"):
        assert client.get("/photo", params={"id": "flickr:1", "px": px}).status_code == 422


def png_of(width: int, height: int) -> bytes:
    """Return a PNG whose header promises more pixels than anyone can hold."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (png_of(60_000, 60_000), "too many pixels"),
        (png_of(10_000, 9_000), "scale the photo down"),
        (b"<script>alert(1)</script>", "not a JPEG or PNG"),
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0", "damaged"),
    ],
)
def test_what_is_no_photo_or_a_bomb_is_refused_with_a_message(
    client: TestClient, project: Project, content: bytes, told: str
) -> None:
    (project.photos / "flickr/1.jpg").write_bytes(content)
    answer = client.get("/photo", params={"id": "flickr:1"})
    assert answer.status_code == 422
    assert told in answer.json()["error"]
    (project.photos / "flickr/1.jpg").unlink()
    assert "No such file" in client.get("/photo", params={"id": "flickr:1"}).json()["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {"who": ""}, {"who": "x" * 61}, {"item": "flickr:99"}, {"action": "delete"}, {"action": "reject"},
        {"reason": "blur"}, {"action": "reject", "reason": "ugly"}, {"seconds": -1}, {"seconds": "NaN"},
        {"after": [548020.0, 4180004.0, 90.0]}, {"action": "move", "after": [558010.0, 4180004.0, 90.0]},
        {"action": "move", "after": [548010.0, 4180004.0, 360.0]}, {"after": [1, 2]}, {"key": "short"},
        {"extra": 1},        {"panorama": "<script>"},
    ],
)  # fmt: skip
def test_decisions_that_make_no_sense_are_refused(
    client: TestClient, project: Project, changes: dict[str, Any]
) -> None:
    answer = client.post("/api/judge", json=judged(**changes), headers=ORIGIN)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert project.state().items["flickr:1"].words == ()


def test_every_answer_forbids_scripts_of_others(client: TestClient) -> None:
    for path in ("/", "/assets/main.js", "/photo?id=flickr:1", "/api/session?who=ada", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert client.get("/?content=<script>&kind=text/plain").headers["content-type"].startswith("text/html")
    assert "<script>" not in client.get("/?content=<script>").text


def test_a_tile_server_is_allowed_for_images_alone(project: Project) -> None:
    app, token = make_app(project, [HOST], tiles=Tiles("https://tile.example/{z}/{x}/{y}.png"))
    policy = (
        TestClient(app, base_url=f"http://{HOST}").get(f"/?token={token}").headers["content-security-policy"]
    )
    assert "img-src 'self' https://tile.example;" in policy
    assert policy.count("tile.example") == 1


def test_a_viewer_is_allowed_in_frames_alone_and_only_where_it_is_asked_for(
    client: TestClient, project: Project
) -> None:
    assert "frame-src" not in client.get("/").headers["content-security-policy"]
    app, token = make_app(project, [HOST], viewer=viewer_of("panoramax", project.grid))
    policy = (
        TestClient(app, base_url=f"http://{HOST}").get(f"/?token={token}").headers["content-security-policy"]
    )
    assert "; frame-src https://api.panoramax.xyz; " in policy
    assert policy.count("panoramax") == 1


def test_places_that_are_no_numbers_are_refused(client: TestClient) -> None:
    for east in ("nan", "inf", "1e300", "x", ""):
        answer = client.get(f"/api/near?id=flickr:1&who=ada&north=4180000&east={east}")
        assert answer.status_code == 400, east
        assert answer.json()["error"]


def test_what_is_sent_again_is_written_once(client: TestClient, project: Project) -> None:
    first = client.post("/api/judge", json=judged(), headers=ORIGIN).json()
    assert client.post("/api/judge", json=judged(), headers=ORIGIN).json() == first
    assert (
        client_of(project).post("/api/judge", json=judged(), headers=ORIGIN).json() == first
    )  # a new server
    assert len(project.state().items["flickr:1"].words) == 1
    undo = {"who": "ada", "key": "undo-undo"}
    done = client.post("/api/undo", json=undo, headers=ORIGIN).json()
    assert client.post("/api/undo", json=undo, headers=ORIGIN).json() == done
    assert project.state().items["flickr:1"].decisions() == {}
    assert client.post("/api/undo", json={**undo, "key": "another-1"}, headers=ORIGIN).json()["item"] == ""
