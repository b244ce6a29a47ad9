"""What a person says about how a file becomes records: the map file, checked with all its problems at once.

```yaml
columns: {sales_agent: agent, "备注2": null}   # heading → field, or nothing to leave the column out
skip: [opportunity_id]                         # the same, shorter
places: {A: name, C: phone}                    # by the column's letters, instead of headings: then no heading counts
values: {product: {GTXPro: GTX Pro}}           # by field: what stands in the file → what is meant
constants: {source: fair}                      # by field: a value for every row
by: {account: code}                            # by link field: which field of the other form the file names it with
create: [account]                              # link fields whose missing records are made, with their title alone
key: number                                    # update records that have the same value here, insert the others
existing: skip                                 # … or leave those that are there as they are
sheet: 1   header: 2   encoding: gb18030   delimiter: ";"   comment: "#"   fill: true
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from webapp.definitions.spec import AnyOf, Integer, ListOf, MapOf, OneOf, Report, Setting, Struct, Text
from webapp.engines.forms.transfer.sheets import Reading
from webapp.errors import Invalid
from webapp.i18n import N_

_NAME = Text(200)
_HEADING = Text(1000)
_VALUE = AnyOf((Text(10_000), Integer(), OneOf((True, False, None))))

SHAPE = Struct(
    {
        "columns": Setting(MapOf(AnyOf((_NAME, OneOf((None,)))), key=_HEADING), default={}),
        "skip": Setting(ListOf(_HEADING), default=[]),
        "places": Setting(MapOf(AnyOf((_NAME, OneOf((None,)))), key=Text(3), most=1000), default={}),
        "values": Setting(MapOf(MapOf(_VALUE, key=Text(10_000), most=20_000), key=_NAME), default={}),
        "constants": Setting(MapOf(_VALUE, key=_NAME), default={}),
        "by": Setting(MapOf(_NAME, key=_NAME), default={}),
        "create": Setting(ListOf(_NAME), default=[]),
        "key": Setting(_NAME),
        "existing": Setting(OneOf(("update", "skip")), default="update"),
        "sheet": Setting(AnyOf((Integer(1, 1000), _NAME))),
        "header": Setting(Integer(0, 1000)),
        "encoding": Setting(OneOf(("utf-8", "utf-16", "gb18030", "gbk", "big5", "cp1252"))),
        "delimiter": Setting(Text(1)),
        "comment": Setting(Text(10)),
        "fill": Setting(OneOf((True, False)), default=False),
    }
)


@dataclass(frozen=True)
class FileMap:
    """A checked map. `header` is the row of the headings, 0 if there are none (columns are then named A, B, C …)."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    by: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str | None] = field(default_factory=dict)
    create: tuple[str, ...] = ()
    key: str | None = None
    existing: str = "update"
    header: int | None = None
    reading: Reading = field(default_factory=Reading)

    def json(self) -> dict[str, Any]:
        """As `of` takes it again, for a due row."""
        own = {k: v for k, v in asdict(self).items() if k != "reading"}
        return {k: v for k, v in {**own, **asdict(self.reading)}.items() if v not in (None, {}, (), False)}


def of(given: Any) -> FileMap:
    """A mapping as read from YAML or JSON → a map; raises `Invalid` with every problem."""
    report = Report()
    checked = SHAPE.check(given if given is not None else {}, "", report)
    if report.problems or checked is None:
        raise Invalid(N_("The map of this import needs mending."), problems=report.problems)
    return FileMap(
        columns={**checked["columns"], **dict.fromkeys(checked["skip"])},
        values=checked["values"],
        constants=checked["constants"],
        by=checked["by"],
        places=checked["places"],
        create=tuple(checked["create"]),
        key=checked["key"],
        existing=checked["existing"],
        header=checked["header"],
        reading=Reading(
            checked["sheet"], checked["encoding"], checked["delimiter"], checked["comment"], checked["fill"]
        ),
    )


def read(path: Path) -> FileMap:
    """The map in a YAML or JSON file."""
    try:
        given = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except OSError:
        raise Invalid(N_("The file {name} cannot be read.", name=str(path))) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise Invalid(N_("The map {name} is not YAML: {why}", name=path.name, why=str(error))) from None
    return of(given)


class _Loader(yaml.SafeLoader):
    """YAML whose keys are texts as they are typed: `2024:` and `yes:` are headings and cells here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep=deep)
