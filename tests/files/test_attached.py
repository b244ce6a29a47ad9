"""Files of records: given before the save, seen through the record alone, brought back by undo, gone with the purge."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from tests.world import CRM, World
from webapp import clock
from webapp.access import policy, tokens
from webapp.engines.forms import bulk, records, select, undo
from webapp.engines.forms.around import history
from webapp.engines.forms.transfer import exporting, mapping, proposing
from webapp.engines.forms.transfer.exporting import Wanted
from webapp.engines.forms.writing import attaching, filing
from webapp.errors import Invalid, NotFound
from webapp.files.store import store_of
from webapp.journal import changesets, work

FIELDS = """
      stage:
        kind: stage"""
WITH_FILES = CRM.replace(
    FIELDS,
    """
      photo: {kind: image, most: 3, max_mb: 1, label: {en: Photos, zh: 照片}}
      scan: {kind: attachment, types: [pdf, picture], label: {en: Scan, zh: 扫描件}}
      note: {kind: attachment, label: {en: Note, zh: 便条}}"""
    + FIELDS,
).replace("fields: {cost: hidden}", "fields: {cost: hidden, scan: masked, note: hidden}")


def jpeg(side: int = 40, turned: int | None = None, height: int | None = None) -> bytes:
    image, out = Image.new("RGB", (side, height or side), (20, 90, 160)), io.BytesIO()
    exif = Image.Exif()
    if turned:
        exif[274] = turned
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def firm(world: World) -> World:
    world.apply(WITH_FILES)
    return world


class Hand:
    """One person's browser that uploads and opens files."""

    def __init__(self, world: World, who: str) -> None:
        self.client = world.client(who)
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.client.get("/").text)
        assert token
        self.headers = {"X-CSRF-Token": token[1], "Sec-Fetch-Site": "same-origin", "Accept": "application/json"}

    def send(self, field: str, content: bytes, name: str) -> Any:
        data = {"file": (io.BytesIO(content), name)}
        return self.client.post(f"/crm/deal/files/{field}", data=data, headers=self.headers)

    def put(self, field: str, content: bytes, name: str) -> int:
        answer = self.send(field, content, name)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def make(world: World, who: str = "ann", **values: Any) -> int:
    with world.database.write() as unit:
        return records.create(
            unit, world.actor(who), world.form("crm.deal"), {"name": "Pumps", "stage": "contact", **values}
        ).id


def change(world: World, id_: int, who: str = "ann", **values: Any) -> Any:
    with world.database.write() as unit:
        set_ = changesets.open(unit, "bulk", "x", world.people[who])
        records.update(unit, world.actor(who), world.form("crm.deal"), id_, values, change_set=set_)
        changesets.close(unit, set_)
        return set_


def value(world: World, id_: int, key: str = "photo", who: str = "admin") -> Any:
    with world.database.read() as unit:
        return select.get(unit, world.actor(who), world.form("crm.deal"), id_).values.get(key)


def test_a_photo_is_uploaded_saved_and_seen_by_whoever_sees_the_record(firm: World) -> None:
    ann, bob, hal = Hand(firm, "ann"), Hand(firm, "bob"), Hand(firm, "hal")
    id_ = ann.put("photo", jpeg(300, turned=6, height=200), "现场 照片.jpg")
    assert ann.get(f"/files/{id_}").status_code == 200
    assert bob.get(f"/files/{id_}").status_code == hal.get(f"/files/{id_}").status_code == 404  # nobody's record yet
    deal = make(firm, photo=json.dumps([{"id": id_, "name": "forged.exe"}]))
    (one,) = value(firm, deal)
    assert (one.name, one.type, one.width, one.height) == ("现场 照片.jpg", "image/jpeg", 200, 300)
    assert hal.get(f"/files/{id_}").status_code == 200
    for path in (f"/files/{id_}", f"/files/{id_}/small", f"/files/{id_}/medium"):
        assert bob.get(path).status_code == 404
    small = hal.get(f"/files/{id_}/small")
    assert small.mimetype == "image/webp" and Image.open(io.BytesIO(small.data)).size == (160, 240)
    whole = hal.get(f"/files/{id_}", Range="bytes=0-9")
    assert whole.status_code == 206 and whole.data == jpeg(300, turned=6, height=200)[:10]
    again = hal.get(f"/files/{id_}", If_None_Match=hal.get(f"/files/{id_}").headers["ETag"])
    assert again.status_code == 304


def test_what_is_sent_carries_its_name_and_runs_nothing(firm: World) -> None:
    admin = Hand(firm, "admin")
    id_ = admin.put("note", b"<script>alert(1)</script>", "发票“一”.html")
    svg = admin.put("note", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg")
    for one in (id_, svg):
        answer = admin.get(f"/files/{one}")
        assert answer.mimetype == "text/plain" and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "filename*=UTF-8''%E5%8F%91%E7%A5%A8" in admin.get(f"/files/{id_}").headers["Content-Disposition"]
    assert admin.get(f"/files/{id_}/small").status_code == 404


@pytest.mark.parametrize(
    ("field", "content", "name", "said"),
    [
        ("photo", b"%PDF-1.7", "photo.jpg", "不是能显示的图片"),
        ("photo", jpeg()[:200], "half.jpg", "损坏"),
        ("photo", b"\0\0\0\x18ftypheic\0\0", "IMG_1.HEIC", "HEIC"),
        ("photo", b"", "empty.jpg", "是空的"),
        ("photo", jpeg() + b"\0" * (1 << 20), "large.jpg", "1 MB"),
        ("scan", b"MZ\x90\0", "scan.pdf", "程序"),
        ("scan", b"hello", "run.bat", "程序"),
        ("scan", jpeg(), "scan.pdf", "名称"),
        ("scan", b"a,b", "a.csv", "不接受这类文件"),
    ],
)
def test_wrong_files_are_refused_in_words(firm: World, field: str, content: bytes, name: str, said: str) -> None:
    answer = Hand(firm, "admin").send(field, content, name)
    assert answer.status_code in (413, 422) and said in answer.json["detail"], answer.text
    store = store_of(firm.database.settings)
    assert not list(store.contents()) and not list((store.root / "incoming").iterdir())


def test_a_picture_that_unpacks_to_a_house_is_refused_unseen(firm: World) -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG", pnginfo=PngImagePlugin.PngInfo())
    answer = Hand(firm, "ann").send("photo", out.getvalue(), "bomb.png")
    assert answer.status_code == 413 and "像素" in answer.json["detail"]


def test_masked_and_hidden_files_do_not_exist_for_the_reader(firm: World) -> None:
    admin, ann = Hand(firm, "admin"), Hand(firm, "ann")
    scan, note = admin.put("scan", b"%PDF-1.7 x", "scan.pdf"), admin.put("note", b"x", "note.txt")
    deal = make(firm, "ann")
    change(firm, deal, "admin", scan=[scan], note=[note])
    assert admin.get(f"/files/{scan}").status_code == admin.get(f"/files/{note}").status_code == 200
    assert ann.get(f"/files/{scan}").status_code == ann.get(f"/files/{note}").status_code == 404
    page = ann.get(f"/crm/deal/{deal}").text
    assert "scan.pdf" not in page and "note.txt" not in page and f"/files/{scan}" not in page
    with firm.database.read() as unit:
        query = select.Query(search="scan.pdf")
        assert not select.select(unit, firm.actor("ann"), firm.form("crm.deal"), query).records
        assert select.select(unit, firm.actor("admin"), firm.form("crm.deal"), query).records
    assert Hand(firm, "ann").send("scan", b"%PDF-1.7 x", "x.pdf").status_code == 404


def test_nobody_saves_what_is_not_his_to_give(firm: World) -> None:
    ann, bob = Hand(firm, "ann"), Hand(firm, "bob")
    hers, wrong = ann.put("photo", jpeg(), "a.jpg"), bob.put("photo", jpeg(50), "b.jpg")
    deal = make(firm, photo=[hers])
    for ids in ([hers], [wrong, hers], [999]):
        with pytest.raises(Invalid) as told:
            make(firm, "bob", photo=ids)
        assert [p.path for p in told.value.problems] == ["photo"]
    with pytest.raises(Invalid):
        make(firm, photo=[1, 2, 3, 4])
    copy = make(firm, photo=[hers])  # of a record that one reads, a copy is made: each has its own
    assert value(firm, copy)[0].id != hers and value(firm, copy)[0].name == "a.jpg"
    assert value(firm, deal)[0].id == hers
    with firm.database.write() as unit:
        form, actor = firm.form("crm.deal"), firm.actor("bob")
        rows = [
            {"name": "x", "stage": "contact", "photo": form.fields["photo"].kind.parse(form.fields["photo"], [n])}
            for n in (hers, wrong)
        ]
        results = bulk.create_many(unit, actor, form, rows, via="api")
    assert [r.outcome for r in results] == ["refused", "created"]
    assert Hand(firm, "bob").get(f"/files/{wrong}").status_code == 200


def test_history_tells_names_undo_brings_back_and_a_purge_takes_all(firm: World) -> None:
    ann = Hand(firm, "ann")
    one, two = ann.put("photo", jpeg(), "eins.jpg"), ann.put("photo", jpeg(60), "zwei.jpg")
    deal = make(firm, photo=[one])
    change_set = change(firm, deal, photo=[two])
    assert ann.get(f"/files/{one}").status_code == 404 and ann.get(f"/files/{two}").status_code == 200
    page = ann.get(f"/crm/deal/{deal}").text
    assert "eins.jpg" in page and "zwei.jpg" in page
    with firm.database.read() as unit:
        (entry, _) = history.history(unit, firm.actor("ann"), firm.form("crm.deal"), deal)
        assert [[f.name for f in side] for side in entry.changes["photo"]] == [["eins.jpg"], ["zwei.jpg"]]
    undo.undo(firm.database, firm.actor("ann"), change_set)
    assert [f.id for f in value(firm, deal)] == [one] and ann.get(f"/files/{one}").status_code == 200
    with clock.stopped(clock.now() + timedelta(days=3)):
        filing.expire(firm.database, None)
        work.run_ready(firm.database)
    store = store_of(firm.database.settings)
    assert len(list(store.contents())) == 2  # both belong to the record, whether it names them or not
    with firm.database.write() as unit:
        admin, form = firm.actor("admin"), firm.form("crm.deal")
        records.delete(unit, admin, form, deal)
        records.purge(unit, admin, form, deal)
    filing.expire(firm.database, None)
    work.run_ready(firm.database)
    assert not list(store.contents()) and not list((firm.database.settings.data_dir / "small").glob("??/*"))


def test_a_field_of_files_has_no_default_and_is_not_unique(firm: World) -> None:
    for more in ("default: [1]", "unique: true"):
        with pytest.raises(Invalid) as told:
            firm.apply(WITH_FILES.replace("note: {kind: attachment,", f"note: {{kind: attachment, {more},"))
        assert [p.path for p in told.value.problems] == [f"forms.deal.fields.note.{more.partition(':')[0]}"]


def test_an_upload_that_no_record_names_is_swept_away_after_a_day(firm: World) -> None:
    id_ = Hand(firm, "ann").put("photo", jpeg(), "a.jpg")
    with clock.stopped(clock.now() + attaching.WAITS + timedelta(hours=1)):
        with firm.database.read() as unit, pytest.raises(NotFound):
            attaching.find(unit, firm.actor("ann"), id_)
        filing.expire(firm.database, None)
        work.run_ready(firm.database)
        assert not list(store_of(firm.database.settings).contents())
        with pytest.raises(Invalid):
            make(firm, photo=[id_])


def test_a_field_may_become_another_sort_of_files_and_keeps_them(firm: World) -> None:
    ann = Hand(firm, "ann")
    one = ann.put("photo", jpeg(), "a.jpg")
    deal = make(firm, photo=[one])
    firm.apply(WITH_FILES.replace("photo: {kind: image, most: 3, max_mb: 1", "photo: {kind: attachment"))
    work.run_ready(firm.database)
    assert [f.name for f in value(firm, deal)] == ["a.jpg"] and ann.get(f"/files/{one}").status_code == 200
    with firm.database.read() as unit:
        assert policy.fields(unit, firm.actor("ann"), firm.form("crm.deal"))["photo"] == "write"
        query = select.Query(where=("photo is not empty",))
        assert [r.id for r in select.select(unit, firm.actor("ann"), firm.form("crm.deal"), query).records] == [deal]


def test_programs_upload_name_and_read_files_within_their_rights(firm: World) -> None:
    def program(who: str, scope: str = "write") -> tuple[Any, dict[str, str]]:
        with firm.database.write() as unit:
            _, secret = tokens.create(unit, firm.actor("admin"), firm.people[who], "test", scope=scope)
        return firm.app.test_client(), {"Authorization": f"Bearer {secret}"}

    client, admin = program("admin")
    at = "/api/v1/data/crm/deal"
    pdf, kind = b"%PDF-1.7 offer", {"Content-Type": "application/pdf"}
    made = client.post(f"{at}/files/scan?name=%E6%8A%A5%E4%BB%B7.pdf", data=pdf, headers=admin | kind)
    assert (made.status_code, made.json["name"], made.json["type"]) == (201, "报价.pdf", "application/pdf"), made.text
    values = {"name": "Pumps", "stage": "contact", "scan": [made.json["id"]], "owner": firm.people["ann"]}
    record = client.post(at, json={"values": values}, headers=admin)
    assert record.status_code == 201 and record.json["values"]["scan"] == [made.json], record.text
    path = f"/api/v1/files/{made.json['id']}"
    assert client.get(path, headers=admin).data == pdf
    other, ann = program("ann", "read")
    seen = other.get(f"{at}/{record.json['id']}", headers=ann).json["values"]
    assert seen["scan"] == {"masked": "****"} and "note" not in seen
    assert other.get(path, headers=ann).status_code == 404
    assert client.post(f"{at}/files/amount?name=x", data=b"x", headers=admin).status_code == 404
    assert client.post(f"{at}/files/scan?name=x.exe", data=b"MZ", headers=admin).json["code"] == "invalid"
    described = client.get("/api/v1/openapi.json", headers=admin).json["paths"]
    assert "/data/crm/deal/files/scan" in described
    assert "/data/crm/deal/files/scan" not in other.get("/api/v1/openapi.json", headers=ann).json["paths"]
    gone = client.patch(f"{at}/{record.json['id']}", json={"values": {"scan": []}}, headers=admin)
    assert gone.json["values"]["scan"] is None and client.get(path, headers=admin).status_code == 404


def test_lists_show_small_pictures_exports_names_and_imports_say_no(firm: World, tmp_path: Path) -> None:
    admin = Hand(firm, "admin")
    photos = [admin.put("photo", jpeg(40 + n), f"<b>{n}.jpg") for n in range(2)]
    note = admin.put("note", b"x", "便条.txt")
    deal = make(firm, "admin", name="Presses", photo=photos, note=[note])
    with firm.statements() as seen:
        grid = admin.get("/crm/deal?cols=name,photo,note").text
    assert len(seen) <= 4
    assert f'src="/files/{photos[0]}/small" alt="&lt;b&gt;0.jpg"' in grid and "便条.txt" in grid
    listed = admin.get("/crm/deal?cols=name,photo&w=photo:filled:").text
    assert "Presses" in listed and "Presses" not in admin.get("/crm/deal?cols=name&w=photo:empty:").text
    exporting.write(
        firm.database, firm.actor("admin"), Wanted("crm.deal", "csv", fields=("name", "photo")), tmp_path / "x"
    )
    assert "<b>0.jpg、<b>1.jpg" in (tmp_path / "x").read_text("utf-8-sig")
    with firm.database.read() as unit:
        actor, form = firm.actor("admin"), firm.form("crm.deal")
        fields = mapping.targets(form, policy.fields(unit, actor, form))
        assert "photo" not in fields
        found = proposing.propose(unit, actor, form, fields, ["商机名称", "照片"], [["a"], ["a.jpg"]])
    assert [one.why for one in found] == ["name", "files"]
    with firm.database.write() as unit:  # many records at once get the same file, each its own
        more = [records.create(unit, actor, form, {"name": f"n{n}", "stage": "contact"}).id for n in range(2)]
    fresh = admin.put("note", b"all", "对所有.txt")
    given = {"do": "edit", "m__field": "note", "note": str(fresh), "ids": ",".join(map(str, more))}
    answer = admin.client.post("/crm/deal/bulk", data=given, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    held = [value(firm, id_, "note")[0] for id_ in more]
    assert [one.name for one in held] == ["对所有.txt"] * 2 and held[0].id != held[1].id
    assert admin.get(f"/crm/deal/{deal}").text.count("data-photo=") == 2
