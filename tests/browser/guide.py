"""The style guide: pages that hold every small part and every behaviour, over a few invented deals kept in memory."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, render_template, request, send_file
from jinja2 import ChoiceLoader, FileSystemLoader

from webapp import create_app
from webapp.db import Database
from webapp.web import csrf, language, signing

COLUMNS = (
    ("contact", "初步接触", "First contact", "gray"),
    ("needs", "需求分析", "Needs", "blue"),
    ("quote", "方案报价", "Quote", "purple"),
    ("talks", "商务谈判", "Negotiation", "amber"),
    ("won", "赢单", "Won", "green"),
)
_ACCOUNTS = (
    ("澄湖印刷", "Chenghu Print"),
    ("鹿鸣饲料", "Luming Feed"),
    ("海棠日化", "Haitang Care"),
    ("禾穗食品", "Hesui Foods"),
    ("云杉包装", "Spruce Packaging"),
    ("白鹭制药", "Egret Pharma"),
    ("松果乳业", "Pinecone Dairy"),
    ("北屿水产", "Beiyu Seafood"),
)
_THINGS = (
    ("贴标机更新 12 台", "12 labelling machines"),
    ("码垛机器人 4 台", "4 palletising robots"),
    ("灌装整线", "Filling line"),
)
_PEOPLE = ("何诗雨", "陈可为", "罗景行", "江予白")
COLOURS = ("gray", "blue", "indigo", "cyan", "teal", "green", "lime", "amber", "orange", "red", "pink", "purple")


class Guide:
    """The application with the guide's pages; what they were told stands in `deals`, `asked`, `is_lapsed`."""

    def __init__(self, database: Database) -> None:
        self.url = ""
        self.app = create_app(database.settings, database)
        self.app.jinja_loader = ChoiceLoader(  # type: ignore[assignment]
            [FileSystemLoader(Path(__file__).parent / "templates"), self.app.jinja_loader]  # type: ignore[list-item]
        )
        self.app.jinja_env.globals["t"] = lambda zh, en: en if language.locale() == "en" else zh
        self.app.jinja_env.globals["colours"] = COLOURS
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.is_lapsed = False
        self.refuses = ""
        self.deals = [self._deal(n) for n in range(1, 41)]
        self._add_pages()

    def _deal(self, n: int) -> dict[str, Any]:
        person = (n * 7) % 4
        return {
            "id": n,
            "version": 1,
            "account": _ACCOUNTS[n % 8],
            "thing": _THINGS[n % 3],
            "amount": 86_000 + n * 37_500,
            "stage": COLUMNS[n % 5][0] if n > 1 else "quote",
            "person": _PEOPLE[person],
            "tint": person + 1,
            "days": n % 15,
        }

    def deal(self, number: int) -> dict[str, Any]:
        return next(d for d in self.deals if d["id"] == number)

    def in_column(self, column: str) -> list[dict[str, Any]]:
        return [d for d in self.deals[:18] if d["stage"] == column]

    def _context(self) -> dict[str, Any]:
        is_en = language.locale() == "en"
        said = (lambda zh, en: en) if is_en else (lambda zh, en: zh)
        forms = [
            {"label": said("线索", "Leads"), "icon": "target-arrow", "url": "/guide", "count": 36},
            {"label": said("客户", "Accounts"), "icon": "building", "url": "/guide/entry", "count": 412},
            {"label": said("商机", "Deals"), "icon": "briefcase", "url": "/guide/grid", "active": True, "count": 40},
            {"label": said("合同", "Contracts"), "icon": "writing-sign", "url": "/guide/empty"},
        ]
        columns = [
            {"value": v, "label": said(zh, en), "tone": tone, "deals": self.in_column(v)} for v, zh, en, tone in COLUMNS
        ]
        return {
            "guide": self,
            "columns": columns,
            "pick": lambda pair: pair[1] if is_en else pair[0],
            "frame": {
                "firm": said("岚川装备", "Lanchuan Machines"),
                "home_url": "/guide",
                "links": [{"label": said("工作台", "Workbench"), "icon": "home", "url": "/guide"}],
                "apps": [
                    {"key": "crm", "label": said("客户管理", "Customers"), "forms": forms},
                    {"key": "service", "label": said("售后服务", "Service"), "open": False, "forms": forms[3:]},
                ],
                "create": [{"label": said("新建商机", "New deal"), "icon": "briefcase", "url": "/guide/entry"}],
                "search_url": "/guide/search",
                "member": {"id": 1, "name": "沈一鸣", "initial": "沈", "tint": 1, "email": "shen@lanchuan.example"},
                "languages": [
                    {"value": "zh", "label": "中文", "active": not is_en},
                    {"value": "en", "label": "English", "active": is_en},
                ],
                "preferences_url": "/guide/preferences",
                "sign_out_url": "/guide/out",
                "title": said("全部商机", "All deals"),
            },
        }

    def _add_pages(self) -> None:
        pages = Blueprint("guide", __name__, url_prefix="/guide")
        pages.context_processor(self._context)

        def add(rule: str, view: Any, *methods: str) -> None:
            def open_view(**given: Any) -> Any:
                return view(**given)

            name = re.sub(r"[/.]", "_", rule.strip("/")).replace("<int:number>", "one") or "parts"
            pages.add_url_rule(rule, name, signing.public(open_view), methods=methods or ("GET",))

        def template(name: str) -> Any:
            return lambda: render_template(f"guide/{name}.html", start=20)

        for name in ("grid", "board", "entry", "empty"):
            add(f"/{name}", template(name))
        add("", template("parts"))
        add("/guide.css", lambda: send_file(Path(__file__).parent / "templates" / "guide" / "guide.css"))
        add("/rows", template("_rows"))
        add("/deal/<int:number>", self._record)
        add("/search", self._search)
        add("/deal/<int:number>/move", self._move, "POST")
        add("/undo", self._undo, "POST")
        add("/save", self._save, "POST")
        add("/preferences", self._save, "POST")
        add("/sign-in", self._sign_in, "POST")
        add("/out", self._out, "POST")
        self.app.register_blueprint(pages)

    def _record(self, number: int) -> Any:
        self.asked.append(("record", {"target": request.headers.get("HX-Target", "")}))
        is_part = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
        name = "guide/_record.html" if is_part else "guide/grid.html"
        return render_template(name, deal=self.deal(number))

    def _search(self) -> Any:
        q = request.args.get("q", "")
        self.asked.append(("search", {"q": q}))
        found = [d for d in self.deals if q and q.lower() in (d["account"][0] + d["account"][1]).lower()][:6]
        return render_template("guide/_found.html", found=found)

    def _move(self, number: int) -> Any:
        given = {key: request.form[key] for key in ("column", "version", "before")}
        self.asked.append(("move", given))
        deal = self.deal(number)
        if self.refuses:
            answer = make_response("", 422)
            answer.headers["HX-Reswap"] = "none"
            answer.headers["HX-Trigger"] = json.dumps({"m:error": {"status": 422, "message": self.refuses}})
            return answer
        was, deal["stage"] = deal["stage"], given["column"]
        deal["version"] += 1
        answer = make_response(render_template("guide/_moved.html", deal=deal, changed=(was, deal["stage"])))
        undo = {"url": "/guide/undo", "values": {"id": number, "to": was}}
        answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": "已移动", "undo": undo}})
        return answer

    def _undo(self) -> Any:
        self.asked.append(("undo", dict(request.form)))
        return "", 204

    def _save(self) -> Any:
        if self.is_lapsed:
            return render_template("guide/_sheet.html", problem=None), 401
        self.asked.append(("save", {k: v for k, v in request.form.items() if k != csrf.FIELD}))
        if "phone" in request.form and len(request.form["phone"]) != 11:
            return render_template(
                "guide/_form.html", values=request.form, problems={"phone": "少 2 位，应为 11 位"}
            ), 422
        return render_template("guide/_form.html", values={}, problems={}, saved=True)

    def _sign_in(self) -> Any:
        if request.form.get("password") != "right":
            return render_template("guide/_sheet.html", problem="密码不对"), 422
        self.is_lapsed = False
        answer = make_response("")
        answer.headers["HX-Reswap"] = "none"
        answer.headers["HX-Trigger"] = json.dumps({"m:signed-in": {"member": 1, "csrf": csrf.token()}})
        return answer

    def _out(self) -> Any:
        return render_template("guide/empty.html")
