# Asks the gateway's own REST API for every GET that a bundle declares without parameters. For Python 2.7 and 3.
#
#   verify.py BUNDLE.JSON TOKEN-FILE [PORT]
#
# Prints events of the script: `answer GET RESOURCE STATUS MILLISECONDS`, and `note`; on descriptor 3 the reason why the
# bundle does not do what it declares, and ends with status 3 then.
import json
import os
import re
import signal
import ssl
import sys
import time

try:
    from http.client import HTTPSConnection
    from urllib.parse import quote
except ImportError:
    from httplib import HTTPSConnection
    from urllib import quote

TEXT = type(json.loads('""'))
ALL_SECONDS = 60
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


def gets(manifest):
    """The resources to ask for, as bundle.json declares them."""
    found = []
    for item in manifest.get("resources") or []:
        if not isinstance(item, dict) or not isinstance(item.get("resource"), TEXT):
            continue
        methods = item.get("methods")
        methods = [methods] if isinstance(methods, TEXT) else methods or []
        resource = re.sub("^/?api/v1(?=/)", "", item["resource"])
        declared = "get" in [method.lower() for method in methods if isinstance(method, TEXT)]
        # What it only listens to, it does not answer; and without values for the parameters there is nothing to ask.
        if declared and item.get("role", manifest.get("role")) != "view" and re.match("/[^:+#*]*$", resource):
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


def ask(resource, token, port, seconds):
    """The status and the decoded answer."""
    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    link = connection(port)
    try:
        try:
            link.connect()
        except (OSError, IOError, TooLate) as error:
            raise NoApi(str(error) or "no connection")
        link.request("GET", "/api/v1" + quote(resource.encode("utf-8")), headers={"mx-api-token": token})
        answer = link.getresponse()
        body = answer.read(1000000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        link.close()
    try:
        return answer.status, json.loads(body.decode("utf-8")) if body.strip() else None
    except ValueError:
        raise NoApi("GET %s gave %d and no JSON" % (resource.encode("ascii", "replace").decode(), answer.status))


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


def verdict(resource, token, port, limit, end):
    """Why a resource does not answer as it should; empty if it does, None if there was no time to ask."""
    for left in range(TRIES - 1, -1, -1):
        seconds = min(limit, end - now())
        if seconds < 1:
            return None
        began = time.time()
        try:
            status, data = ask(resource, token, port, seconds)
            why = "" if 200 <= status < 300 else "answers %d%s" % (status, words(data))
        except TooLate:
            status, left = 0, 0
            why = "gives no answer within %d s" % seconds
        except (OSError, IOError) as error:
            status, why = 0, "gives no answer: %s" % plain(error)
        except NoApi:
            raise
        except Exception as error:  # what the answer is no HTTP by
            raise NoApi(error)
        if not why or not left:
            say("answer", "GET", resource, status or "none", int((time.time() - began) * 1000))
            return why
        time.sleep(1)


def main(place, token_file, port=443):
    try:
        with open(place, "rb") as stream:
            manifest = json.loads(stream.read().decode("utf-8-sig"))
        resources = gets(manifest)
        ttl = manifest.get("ttl")
    except Exception as error:
        say("note", "the bundle's GETs were not asked: bundle.json: %s" % error)
        return 0
    if not resources:
        return 0
    try:
        with open(token_file) as stream:
            token = stream.read().strip()
    except (OSError, IOError):
        token = ""
    if not token:
        say("note", "the bundle's GETs were not asked: this gateway has no API token in %s" % token_file)
        return 0
    limit = ttl + 2 if isinstance(ttl, (int, float)) and 0 < ttl < SLOWEST - 2 else SLOWEST
    end = now() + ALL_SECONDS
    bad = []
    for number, resource in enumerate(resources):
        try:
            why = verdict(resource, token, port, limit, end)
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
    if bad:
        write(3, plain(bad[0]) + (" (and %d more)" % (len(bad) - 1) if len(bad) > 1 else ""))
    return UNFIT if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *[int(port) for port in sys.argv[3:4]]))
