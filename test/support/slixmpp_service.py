"""An XMPP client that uses slixmpp's plugins as an application does: requests as JSON lines in, what the plugin made of the answer out."""

import asyncio
import json
import logging
import sys

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.xep_0004 import Form

PLUGINS = ("xep_0004", "xep_0030", "xep_0050", "xep_0054", "xep_0055", "xep_0092", "xep_0199")


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", lambda _: tell(event="online"))
        self.add_event_handler("disconnected", self.on_end)
        self.done = asyncio.get_event_loop().create_future()

    def on_end(self, _):
        if not self.done.done():
            self.done.set_result(None)

    async def info(self, jid, node=None):
        found = (await self["xep_0030"].get_info(jid=jid, node=node, cached=False))["disco_info"]
        identities = [[category, kind, name] for category, kind, _, name in found["identities"]]
        return {"identities": sorted(identities, key=str), "features": sorted(found["features"])}

    async def items(self, jid, node=None):
        found = (await self["xep_0030"].get_items(jid=jid, node=node))["disco_items"]
        return sorted([list(item) for item in found["items"]], key=str)

    async def commands(self, jid):
        found = (await self["xep_0050"].get_commands(jid))["disco_items"]
        return [[node, name] for _, node, name in found["items"]]

    async def vcard(self, jid):
        card = (await self["xep_0054"].get_vcard(jid, cached=False))["vcard_temp"]
        photo = card["PHOTO"]
        return {
            "name": card["FN"],
            "family": card["N"]["FAMILY"],
            "photo": photo["TYPE"],
            "octets": list(photo["BINVAL"] or b""),
        }

    async def search_form(self, jid):
        iq = self.make_iq_get(queryxmlns="jabber:iq:search", ito=jid)
        form = (await iq.send())["search"]["form"]
        return [field for field in form.get_fields()]

    async def search(self, jid, **values):
        iq = self["xep_0055"].make_search_iq(ito=jid)
        for name, value in values.items():
            iq["search"]["form"].add_field(name, value=value)
        form = (await iq.send())["search"]["form"]
        return [dict(item) for item in form.get_items()]

    async def prompt(self, jid, text):
        iq = self.make_iq_set(ito=jid)
        query = slixmpp.xmlstream.ET.SubElement(iq.xml, "{jabber:iq:gateway}query")
        slixmpp.xmlstream.ET.SubElement(query, "{jabber:iq:gateway}prompt").text = text
        return (await iq.send()).xml.findtext(".//{jabber:iq:gateway}jid")

    async def command(self, jid, node, steps):
        """Runs a command by xep_0050's own sessions. Each step is [action, {field: value}]; what each page showed comes back."""
        pages = []
        ended = asyncio.get_event_loop().create_future()
        left = list(steps)

        def shown(iq, session):
            command = iq["command"]
            form = command["form"]
            pages.append({
                "status": command["status"],
                "actions": sorted(command["actions"]),
                "notes": [list(note) for note in command["notes"]],
                "title": form["title"],
                "fields": {name: field["type"] for name, field in form.get_fields().items()},
                "rows": [dict(item) for item in form.get_items()],
            })
            if command["status"] != "executing" or not left:
                if not ended.done():
                    ended.set_result(None)
                return
            action, values = left.pop(0)
            filled = Form()
            filled["type"] = "submit"
            for name, value in values.items():
                filled.add_field(name, value=value)
            session["payload"] = filled
            session["next"] = session["prev"] = session["cancel"] = shown
            if action == "complete":
                self["xep_0050"].complete_command(session)
            elif action == "cancel":
                self["xep_0050"].cancel_command(session)
            else:
                self["xep_0050"].continue_command(session, direction=action)

        def failed(iq, session):
            self["xep_0050"].terminate_command(session)  # else the next error, which names no session either, is taken for this one's
            if not ended.done():
                ended.set_exception(IqError(iq))

        self["xep_0050"].start_command(jid, node, {"next": shown, "error": failed})
        await asyncio.wait_for(ended, 10)
        return pages


async def answer(client, request):
    try:
        call = getattr(client, request["call"])
        tell(event="answer", id=request["id"], value=await call(*request["args"], **request.get("named", {})))
    except IqError as error:
        tell(event="answer", id=request["id"], error=error.condition, type=error.etype, text=error.text)
    except (IqTimeout, asyncio.TimeoutError):
        tell(event="answer", id=request["id"], error="timeout", type="", text="")


async def requests(client):
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        line = await reader.readline()
        if not line:
            break
        asyncio.ensure_future(answer(client, json.loads(line)))
    await client.disconnect(wait=1.0)
    client.on_end(None)


async def main():
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    client = Client(options["jid"], options["password"])
    client.connect(
        address=(options["host"], options["port"]), use_ssl=False, force_starttls=False, disable_starttls=True
    )
    reading = asyncio.ensure_future(requests(client))
    await client.done
    reading.cancel()


asyncio.get_event_loop().run_until_complete(main())
