"""Uploads that nobody waits for: how far they are, what became of them, and who may know it."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import httpx

from ragkb.kb import KnowledgeBase
from ragkb.types import Principal


def ended(client: httpx.Client, id: str, **headers: str) -> dict[str, Any]:
    for _ in range(300):
        job: dict[str, Any] = client.get(f"/v1/jobs/{id}", headers=headers).json()
        if job["status"] in ("done", "failed"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_several_files_and_an_archive_with_their_progress(kb: KnowledgeBase, serve: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.md", "# One\n\nThe first text.")
        archive.writestr("two.md", "# Two\n\nThe second text.")
    files = [
        ("file", ("canteen.md", b"# Canteen\n\nLunch is at noon.")),
        ("file", ("all.zip", packed.getvalue())),
        ("file", ("broken.pdf", b"%PDF-1.7 nothing")),
    ]
    with serve(kb) as client:
        made = client.post("/v1/documents", params={"wait": False}, files=files)
        assert made.status_code == 202
        assert made.headers["location"] == f"/v1/jobs/{made.json()['job']}"
        job = ended(client, made.json()["job"])
        assert client.get("/v1/jobs").json()["jobs"] == [job]
        metrics = client.get("/metrics").text
    assert (job["status"], job["error"]) == ("done", None)
    assert (job["files_done"], job["files_total"]) == (4, 4)
    status = {file["source"]: file["status"] for file in job["report"]["files"]}
    assert status == {
        "canteen.md": "ingested",
        "all.zip/one.md": "ingested",
        "all.zip/two.md": "ingested",
        "broken.pdf": "refused",
    }
    assert 'ragkb_ingested_files_total{status="ingested"} 3.0' in metrics


def test_several_files_that_are_waited_for(kb: KnowledgeBase, serve: Any) -> None:
    files = [("file", ("a.md", b"A first text.")), ("file", ("b.md", b"A second text."))]
    with serve(kb) as client:
        made = client.post("/v1/documents", files=files)
        assert (made.status_code, made.json()["ingested"]) == (201, 2)
        assert client.post("/v1/documents", files=files).status_code == 200


def test_a_job_waits_for_another_writer_and_fails_if_it_stays(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        with kb._store.writing():
            made = client.post("/v1/documents", params={"wait": False}, json={"source": "a", "text": "b"})
            job = ended(client, made.json()["job"])
        assert (job["status"], job["error"]["type"], job["report"]) == ("failed", "busy", None)
        again = client.post("/v1/documents", params={"wait": False}, json={"source": "a", "text": "b"})
        assert ended(client, again.json()["job"])["report"]["ingested"] == 1


def test_what_is_wrong_with_an_upload_is_told_at_once(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        wrong = {"source": "a", "text": "b", "groups": ["board"]}
        assert client.post("/v1/documents", params={"wait": False}, json=wrong).status_code == 422
        assert client.get("/v1/jobs").json() == {"jobs": []}
        assert client.get("/v1/jobs/0").status_code == 404


def test_a_job_is_its_owners_and_the_administrators(kb: KnowledgeBase, serve: Any) -> None:
    ana, ben, root = (
        kb.ledger.keys.create(name, role, groups)[1]
        for name, role, groups in (("ana", "writer", ("hr",)), ("ben", "writer", ("hr",)), ("root", "admin", ("*",)))
    )
    with serve(kb, principal=Principal()) as client:
        hers = {"authorization": f"Bearer {ana}"}
        made = client.post("/v1/documents", params={"wait": False}, json={"source": "a", "text": "b"}, headers=hers)
        id = made.json()["job"]
        assert ended(client, id, **hers)["status"] == "done"
        seen = [client.get(f"/v1/jobs/{id}", headers={"authorization": f"Bearer {key}"}) for key in (ben, root)]
        assert [one.status_code for one in seen] == [404, 200]
        absent = client.get(f"/v1/jobs/{'0' * 16}", headers={"authorization": f"Bearer {ben}"})
        assert seen[0].text.replace(id, "0" * 16) == absent.text
