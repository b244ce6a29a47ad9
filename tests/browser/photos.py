"""Pictures for screens: drawn, because the firm of the demo has none of its own."""

from __future__ import annotations

import colorsys
import io

from PIL import Image, ImageDraw

from tests.world import World
from webapp.engines.forms import records
from webapp.engines.forms.writing import attaching
from webapp.files.pictures import pictures_of
from webapp.files.store import store_of


def drawn(number: int, width: int = 1200, height: int = 900) -> bytes:
    """A machine in a hall, more or less."""
    tint = [tuple(int(255 * c) for c in colorsys.hsv_to_rgb(number * 0.27 % 1, 0.35, v)) for v in (0.92, 0.55, 0.3)]
    image = Image.new("RGB", (width, height), tint[0])
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height * 0.72, width, height), fill=tint[1])
    pen.rounded_rectangle((width * 0.2, height * 0.3, width * 0.7, height * 0.8), 40, fill=tint[2])
    pen.ellipse((width * 0.55, height * 0.2, width * 0.85, height * 0.6), outline=(250, 250, 250), width=24)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def attach(world: World, form_key: str, record: int, **fields: list[str]) -> None:
    """Give a record pictures of these names, as the administrator would."""
    admin, form, settings = world.actor("admin"), world.form(f"crm.{form_key}"), world.database.settings
    for key, names in fields.items():
        ids = []
        for number, name in enumerate(names):
            store = store_of(settings)
            incoming = store.receive(io.BytesIO(drawn(number + record)), most=1 << 22)
            seen = pictures_of(settings).look(incoming.path, incoming.hash)
            with world.database.write() as unit:
                ids.append(attaching.receive(unit, admin, form, key, store, incoming, name, seen).id)
        with world.database.write() as unit:
            records.update(unit, admin, form, record, {key: ids})
