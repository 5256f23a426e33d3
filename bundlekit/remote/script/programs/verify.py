# Asks the gateway's own REST API for every GET that a bundle declares without parameters. For Python 2.7 and 3.
#
#   verify.py BUNDLE.JSON TOKEN-FILE [PORT [TUNNEL [BROKER-PORT]]]
#   verify.py BUNDLE.JSON TOKEN-FILE PORT TUNNEL BROKER-PORT write
#   verify.py NAME TOKEN-FILE PORT TUNNEL BROKER-PORT RESOURCE...
#
# Prints events of the script: `answer METHOD RESOURCE STATUS MILLISECONDS`, and `note`; on descriptor 3 the reason why the
# bundle does not do what it declares, and ends with status 3 then. Whoever answers signs that on the gateway's own
# broker, where it is overheard: the answer of another bundle does not count, nor one of a process that is not reached
# by TUNNEL. With `write`, what a GET has answered is sent back by PUT where one is declared as well: it has to be taken,
# and the GET after it has to answer the same. With RESOURCEs those are asked instead, once, and `signed RESOURCE NAME...`
# tells who has answered.
import json
import os
import re
import select
import signal
import socket
import ssl
import struct
import sys
import time

try:
    from http.client import HTTPSConnection
    from urllib.parse import quote, unquote
except ImportError:
    from httplib import HTTPSConnection
    from urllib import quote, unquote

TEXT = type(json.loads('""'))
ALL_SECONDS = 60  # in all, however many resources there are: the deploy waits
SLOWEST = 20  # seconds for one answer: the API itself would wait for a minute
UNFIT = 3  # Python itself may end with 1
TRIES = 3  # a second apart: what has just registered may have to come to its senses
NO_API = "nothing answers as a REST API on this gateway, so the bundle's GETs were not asked: %s"


class TooLate(Exception):
    pass


class NoApi(Exception):
    pass


def plain(value):
    if not isinstance(value, TEXT):
        value = str(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return " ".join(re.sub("[\\s\\x00-\\x1f\\x7f-\\x9f]", " ", value).split())[:200]


def write(descriptor, text):
    os.write(descriptor, text.encode("utf-8", "replace") + b"\n")


def say(*fields):
    write(1, "\t".join(plain(field) for field in fields))


def too_late(*_):
    raise TooLate()


def declared(manifest, method):
    """The resources to which a method can be sent, as bundle.json declares them."""
    found = []
    for item in manifest.get("resources") or []:
        if not isinstance(item, dict) or not isinstance(item.get("resource"), TEXT):
            continue
        methods = item.get("methods")
        methods = [methods] if isinstance(methods, TEXT) else methods or []
        resource = re.sub("^/?api/v1(?=/)", "", item["resource"])
        has_it = method in [each.lower() for each in methods if isinstance(each, TEXT)]
        # What it only listens to, it does not answer; and without values for the parameters there is nothing to ask.
        if has_it and item.get("role", manifest.get("role")) != "view" and re.match("/[^:+#*]*$", resource):
            found += [resource] if resource not in found else []
    return found


def connection(port):
    # It signs its certificate itself, and this is its loopback.
    context = getattr(ssl, "_create_unverified_context", None)
    if context is None:
        return HTTPSConnection("127.0.0.1", port)
    return HTTPSConnection("127.0.0.1", port, context=context())


def now():
    """Seconds by a clock that nobody sets."""
    return os.times()[4]


def ask(resource, token, port, seconds, method="GET", given=None):
    """The status, the decoded answer, and its body."""
    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    link = connection(port)
    try:
        try:
            link.connect()
        except (OSError, IOError, TooLate) as error:
            raise NoApi(str(error) or "no connection")
        headers = {"mx-api-token": token}
        if given:
            headers["Content-Type"] = "application/json"
        link.request(method, "/api/v1" + quote(resource.encode("utf-8")), given, headers)
        answer = link.getresponse()
        body = answer.read(1000000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        link.close()
    try:
        return answer.status, json.loads(body.decode("utf-8")) if body.strip() else None, body
    except ValueError:
        raise NoApi("%s %s gave %d and no JSON" % (method, resource.encode("ascii", "replace").decode(), answer.status))


def words(data):
    """What an answer that is an error says for itself."""
    if not isinstance(data, dict):
        return ""
    said = plain(data.get("message") or data.get("log") or "")
    trace = data.get("traceback")
    places = re.findall('File "[^"]*?([^"/]+)", line ([0-9]+)', trace) if isinstance(trace, TEXT) else []
    if places:
        said += " (%s, line %s)" % places[-1]
    return said and ": " + said


def counted(text):
    return struct.pack(">H", len(text)) + text.encode()


class Broker:
    """Overhears on the gateway's broker who answers, by MQTT 3.1.1, until that is not to be had any more."""

    def __init__(self, name, tunnel, port):
        self.name, self.tunnel = name, tunnel
        self.data = bytearray()
        self.trouble = ""
        self.alone = False
        try:
            self.link = socket.create_connection(("127.0.0.1", port), 5)
            self.send(b"\x10", counted("MQTT") + b"\x04\x02\x00\x00" + counted(""))
            wanted = [counted(topic) + b"\x00" for topic in ("/controller", tunnel) if topic]
            self.send(b"\x82", b"\x00\x01" + b"".join(wanted))
            kind = 0
            while kind != 9:
                kind, body = self.packet(5) or (9, b"\x80")
                if b"\x80" in body if kind == 9 else kind == 2 and body[1:] != b"\x00":
                    raise IOError("it lets nobody in")
        except (IOError, OSError) as error:
            self.trouble = plain(error)

    def send(self, kind, body):
        self.link.sendall(kind + struct.pack("B", len(body)) + body)

    def packet(self, seconds):
        """The kind and the body of the next one; None if there is none in time."""
        end = now() + seconds
        while True:
            head = re.match(b"(?s).[\x80-\xff]{0,3}[\x00-\x7f]", bytes(self.data))
            if head:
                start = head.end()
                size = sum((byte & 127) << 7 * place for place, byte in enumerate(self.data[1:start]))
                if len(self.data) >= start + size:
                    kind, body = self.data[0] >> 4, bytes(self.data[start : start + size])
                    del self.data[: start + size]
                    return kind, body
            if not select.select([self.link], [], [], max(end - now(), 0))[0]:
                return None
            part = self.link.recv(65536)
            if not part:
                raise IOError("it hung up")
            self.data += part

    def signs(self, resource):
        """The names of those who have answered for a resource since the last time, this bundle's last; and whether a
        request for it went to this very process. Both are waited for, for a moment."""
        names, asked = [], not self.tunnel
        end = now() + 1
        while not self.trouble:
            try:
                packet = self.packet(0 if asked and self.name in names else end - now())
            except (IOError, OSError) as error:
                self.trouble = plain(error)
                break
            if packet is None:
                break
            kind, body = packet
            size = struct.unpack(">H", body[:2])[0] if kind == 3 and len(body) > 2 else 0
            try:
                said = json.loads(body[2 + size :].decode("utf-8"))
                path = said["resource"].split("?")[0]
            except Exception:  # what is no message is nobody's answer
                continue
            if resource not in (path, unquote(path)):
                continue
            if body[2 : 2 + size] != b"/controller":
                asked = True
            elif said.get("code") and isinstance(said.get("sign"), list):
                names += [name for name in said["sign"] if name not in names]
        return names, asked

    def doubt(self, resource, method):
        """Why what was answered is no answer of this bundle; empty if it is one, or if that cannot be known."""
        names, asked = self.signs(resource)
        self.alone = asked and names == [self.name]
        others = " and ".join(plain(name) for name in names if name != self.name)
        if not self.trouble and not names:
            self.trouble = "no answer was seen there"
        if not names:
            return ""
        if self.name not in names:
            return "is answered by %s, and not by this bundle" % others
        if not asked:
            return "is answered by another process that is called %s as well" % self.name
        if others:
            told = method, resource, others
            say("note", "%s %s is answered by %s as well, and the answers are merged" % told)
        return ""


class Verifier:
    def __init__(self, token, port, limit, broker):
        self.token, self.port, self.limit, self.broker = token, port, limit, broker
        self.end = now() + ALL_SECONDS

    def verdict(self, resource, method="GET", given=None):
        """Why a resource does not answer as it should, empty if it does, None if there was no time to ask; and what it
        answers, decoded and as it came."""
        for left in range(TRIES - 1, -1, -1):
            seconds = min(self.limit, self.end - now())
            if seconds < 1:
                return None, None, b""
            began = time.time()
            status, data, body = 0, None, b""
            try:
                status, data, body = ask(resource, self.token, self.port, seconds, method, given)
                why = "" if 200 <= status < 300 else "answers %d%s" % (status, words(data))
            except TooLate:
                left = 0
                why = "gives no answer within %d s" % seconds
            except (OSError, IOError) as error:
                why = "gives no answer: %s" % plain(error)
            except NoApi:
                raise
            except Exception as error:  # what the answer is no HTTP by
                raise NoApi(error)
            milliseconds = int((time.time() - began) * 1000)
            why = why or self.broker.doubt(resource, method)
            if not why or not left:
                say("answer", method, resource, status or "none", milliseconds)
                return why, data, body
            time.sleep(1)

    def loss(self, resource):
        """Why a resource does not keep what it has answered when that is sent back; as of `verdict`."""
        for left in range(TRIES - 1, -1, -1):  # it may change by itself in between
            why, before, given = self.verdict(resource)
            if why or why is None:
                return why and "GET %s %s" % (resource, why)
            if not self.broker.alone:
                say("note", "nothing was sent to PUT %s: it was not seen that this bundle alone answers it" % resource)
                return ""
            if not given.strip():
                return ""
            why = self.verdict(resource, "PUT", given)[0]
            if why or why is None:
                return why and "PUT %s of what GET gave %s" % (resource, why)
            why, after, _ = self.verdict(resource)
            if why or why is None:
                return why and "GET %s after a PUT of what it gave %s" % (resource, why)
            if after == before:
                return ""
            if left:
                time.sleep(1)
        return "GET %s gives something else after a PUT of what it gave" % resource


def tell_signs(resources, token, port, broker):
    for resource in resources:
        try:
            ask(resource, token, port, SLOWEST)
        except (OSError, IOError, TooLate, NoApi):
            pass  # its answer is none of our business here
        names, asked = broker.signs(resource)
        if names and not broker.trouble:
            say("signed", resource, *[name if asked or name != broker.name else "another " + name for name in names])
    if broker.trouble:
        say("note", broker.trouble)


def main(place, token_file, port=443, tunnel="", broker_port=1883, *asked):
    writes = asked == ("write",)
    asked = () if writes else asked
    try:
        manifest = {"name": place}
        if not asked:
            with open(place, "rb") as stream:
                manifest = json.loads(stream.read().decode("utf-8-sig"))
        resources = declared(manifest, "get")
        writable = [each for each in declared(manifest, "put") if writes and each in resources]
        ttl = manifest.get("ttl")
    except Exception as error:
        say("note", "the bundle's GETs were not asked: bundle.json: %s" % error)
        return 0
    if not resources and not asked:
        return 0
    try:
        with open(token_file) as stream:
            token = stream.read().strip()
    except (OSError, IOError):
        token = ""
    if not token:
        say("note", "the bundle's GETs were not asked: this gateway has no API token in %s" % token_file)
        return 0
    broker = Broker(manifest.get("name"), tunnel, int(broker_port))
    if asked:
        tell_signs([name if isinstance(name, TEXT) else name.decode("utf-8") for name in asked], token, port, broker)
        return 0
    limit = ttl + 2 if isinstance(ttl, (int, float)) and 0 < ttl < SLOWEST - 2 else SLOWEST
    verifier = Verifier(token, port, limit, broker)
    bad, answered = [], False
    for number, resource in enumerate(resources):
        try:
            why = verifier.verdict(resource)[0]
        except NoApi as error:
            say("note", NO_API % error)
            break
        if why is None:
            say("note", "%d of the bundle's GETs were not asked, for lack of time" % (len(resources) - number))
            break
        if why.startswith("answers 401"):
            say("note", "the bundle's GETs were not asked: the API does not take the gateway's own token")
            break
        if why:
            bad.append("GET %s %s" % (resource, why))
        answered = answered or not why
    for number, resource in enumerate(() if bad or not answered else writable):
        try:
            why = verifier.loss(resource)
        except NoApi as error:
            say("note", "whether PUT %s keeps what GET gave is not known: %s" % (resource, error))
            continue
        if why is None:
            say("note", "%d of the bundle's PUTs were not tried, for lack of time" % (len(writable) - number))
            break
        if why:
            bad.append(why)
    if answered and broker.trouble:
        say("note", "whether it is this bundle that answers could not be seen on the broker: %s" % broker.trouble)
    if bad:
        write(3, plain(bad[0]) + (" (and %d more)" % (len(bad) - 1) if len(bad) > 1 else ""))
    return UNFIT if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3] + [int(port) for port in sys.argv[3:4]] + sys.argv[4:]))
