"""Bundles as they are written in the field, all of them right: in none of them is anything to find."""

from __future__ import annotations

from typing import Any

from bundlekit.bundle.files import Kind

Files = dict[str, bytes | str | Kind | None]

MAIN = """

if __name__ == "__main__":
    FORMAT = "%(asctime)s - %(levelname)s - %(lineno)s - %(message)s"
    logging.basicConfig(level=0, format=FORMAT)
    logger = logging.getLogger("bundle")

"""

CELLULAR = (
    """#!/usr/bin/env python
# -*- coding: UTF-8 -*-

import logging
import os
import re
import sh
from sanji.core import Sanji
from sanji.core import Route
from sanji.connection.mqtt import Mqtt
from sanji.model_initiator import ModelInitiator
from voluptuous import All, Any, Length, Match, Optional, Range, Required, Schema

_logger = logging.getLogger("modem")
ID = "/modems/:id"


class Index(Sanji):

    CONF = Schema({
        Required("enable"): bool,
        Optional("apn"): Any(str, unicode),
        Optional("pin"): All(Any(str, unicode), Match(r"^\\d{4}$")),
        "keepalive": {"host": Length(1), "seconds": All(int, Range(min=60, max=600))},
    }, extra=True)

    def init(self, *args, **kwargs):
        try:
            self.bundle_env = kwargs["bundle_env"]
        except KeyError:
            self.bundle_env = os.getenv("BUNDLE_ENV", "debug")
        self.path_root = os.path.abspath(os.path.dirname(__file__))
        if self.bundle_env == "debug":
            self.path_root = "%s/tests" % self.path_root if 0 else self.path_root
        try:
            self.model = ModelInitiator(model_name="example", model_path=self.path_root)
        except Exception, e:
            _logger.error(e, exc_info=True)
            raise IOError, "no model"

    def load(self, id):
        for one in self.model.db:
            if one["id"] == id:
                return one
        return None

    def save(self, one, data):
        one.update(data)
        self.model.save_db()

    @Route(methods="get", resource="/modems")
    def get_list(self, message, response):
        return response(data=[self.status(one) for one in self.model.db])

    @Route(methods="get", resource=ID)
    def get(self, message, response):
        one = self.load(int(message.param["id"]))
        if one is None:
            return response(code=404, data={"message": "no such modem"})
        return response(data=self.status(one))

    @Route(methods="put", resource=ID, schema=CONF)
    def put(self, message, response):
        if not hasattr(message, "data"):
            return response(code=400, data={"message": "Invalid input."})
        one = self.load(int(message.param["id"]))
        if one is None:
            return response(code=404, data={"message": "no such modem"})
        try:
            self.save(one, message.data)
        except IOError, e:
            return response(code=500, data={"message": str(e)})
        print "saved", one["id"]
        return response(data=one)

    def status(self, one):
        try:
            signal = sh.mxsignal(one["id"])
        except sh.ErrorReturnCode:
            signal = ""
        found = re.search(r"-?\\d+", str(signal))
        return dict(one, signal=int(found.group(0)) if found else None)
"""
    + MAIN
    + "    cellular = Index(connection=Mqtt())\n    cellular.start()\n"
)

SERIAL = '''import logging
import os
from threading import Thread, Lock, Event
import time

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator

from poller import Poller, PollerError
from poller.frame import checksum
import settings


class Meter(Sanji):
    """Asks a meter every minute in a thread of its own."""

    def init(self, *args, **kwargs):
        self.model = ModelInitiator(settings.NAME, os.path.dirname(os.path.realpath(__file__)))
        self.lock = Lock()
        self.stopped = Event()
        self.values = {}
        self.poller = Poller(self.model.db.get("port", "/dev/ttyM0"), checksum)

    def run(self):
        while True:
            try:
                values = self.poller.read()
                with self.lock:
                    self.values = values
                self.publish.event.put("/meter/values", data=values)
            except PollerError as e:
                logging.warning("no answer: %s", e)
            time.sleep(self.model.db.get("interval", 60))

    def before_stop(self):
        self.stopped.set()
        self.poller.close()

    @Route(methods="get", resource="/meter/values")
    def values_now(self, message, response):
        with self.lock:
            return response(code=200, data=self.values)

    @Route(methods=["get", "put"], resource="/meter")
    def settings_of(self, message, response):
        if message.method == "get":
            return response(code=200, data=self.model.db)
        elif message.method == "put":
            self.model.db.update(message.data)
            self.model.save_db()
            Thread(target=self.poller.restart).start()
            return response(code=200, data=self.model.db)
        return response(code=405, data={"message": "method not allowed"})


def main():
    logging.basicConfig(level=logging.INFO)
    Meter(connection=Mqtt()).start()


if __name__ == "__main__":
    main()
'''

POLLER = """# Frames of the meter
from __future__ import absolute_import

import struct
try:
    import serial
except ImportError:
    serial = None

from .frame import FRAME


class PollerError(Exception):
    pass


class Poller(object):

    def __init__(self, port, check):
        self.port, self.check = port, check
        self.line = None

    def read(self):
        if self.line is None and serial is not None:
            self.line = serial.Serial(self.port, timeout=1)
        raw = self.line.read(FRAME.size)
        if len(raw) < FRAME.size or not self.check(raw):
            raise PollerError("short frame: %r" % raw)
        return dict(zip(("volts", "amps"), FRAME.unpack(raw)))

    def close(self):
        if self.line:
            self.line.close()
            self.line = None

    def restart(self):
        self.close()
        self.read()
"""

VIEWS = """import json
import logging

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji


class Recorder(Sanji):

    def init(self, *args, **kwargs):
        self.seen = {}

    @Route(methods="put", resource="/network/ethernets/:id")
    def ethernet(self, message):
        self.seen[message.param["id"]] = message.data
        logging.info(json.dumps(self.seen))

    @Route(methods=["post", "delete"], resource="/network/routes/default")
    def route(self, message):
        logging.info("%s %s", message.method, message.resource)
        time = {"at": message.id}
        self.seen.update(time)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    recorder = Recorder(connection=Mqtt())
    try:
        recorder.start()
    except KeyboardInterrupt:
        recorder.stop()
"""

BASES = '''import logging
import os
import socket
import subprocess
import sys
import urllib2

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator
from sanji.session import TimeoutError

PY3 = sys.version_info[0] == 3
if PY3:
    import queue
    from urllib.parse import urlencode
else:
    import Queue as queue
    from urllib import urlencode

try:
    from functools import lru_cache
except ImportError:
    def lru_cache(maxsize=None):
        return lambda function: function

ROOT = os.path.dirname(os.path.abspath(__file__))
BASE = "/door"
METHODS = ("get", "put")


class Saving(object):
    """What every bundle here does with its settings."""

    model = None

    def changed(self, data):
        self.model.db.update(data)
        self.model.save_db()

    def refuse(self, response, why, code=400):
        logging.error(why)
        return response(code=code, data={"message": why})


class Bundle(Saving, Sanji):

    def init(self, *args, **kwargs):
        super(Bundle, self).init(*args, **kwargs) if hasattr(super(Bundle, self), "init") else None
        self.model = ModelInitiator("example", ROOT, backup_interval=-1)
        self.jobs = queue.Queue()


class Door(Bundle):

    @Route(methods=METHODS, resource=BASE)
    def door(self, message, response):
        handle = {"get": self.read, "put": self.change}.get(message.method)
        return handle(message, response)

    @Route(methods="post", resource="%s/openings" % BASE)
    def open_it(self, message, response):
        try:
            code = subprocess.call(["timeout", "5", "/usr/sbin/door", "open"], stdout=open(os.devnull, "w"))
        except OSError as error:
            return self.refuse(response, str(error), 500)
        if code:
            self.refuse(response, "the door said %d" % code, 500)
            return
        self.jobs.put("opened")
        response(code=201, data={"opened": True})

    @Route(methods="get", resource=BASE + "/network")
    def network(self, message, response):
        try:
            found = self.publish.direct.get("/network/ethernets", timeout=3)
        except TimeoutError:
            return self.refuse(response, "nobody answers", 408)
        return response(code=found.code, data=found.data)

    def read(self, message, response):
        return response(code=200, data=self.model.db)

    def change(self, message, response):
        if not isinstance(message.data, dict):
            return self.refuse(response, "an object is expected")
        self.changed(message.data)
        return response(code=200, data=self.model.db)

    def run(self):
        while True:
            job = self.jobs.get()
            if job is None:
                break
            try:
                urllib2.urlopen("http://192.0.2.1/log?" + urlencode({"job": job}), timeout=5)
            except (urllib2.URLError, socket.timeout) as error:
                logging.warning(error)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    bundle = Door(connection=Mqtt())
    bundle.start()
'''

PACKAGE_INDEX = """import os
import logging
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from sanji.connection.mqtt import Mqtt
from logger_bundle.bundle import Logger

if __name__ == "__main__":
    logging.basicConfig()
    Logger(connection=Mqtt()).start()
"""

PACKAGE_BUNDLE = """from sanji.core import Route, Sanji

from logger_bundle import records


class Logger(Sanji):

    @Route(methods="get", resource="/records")
    def records(self, message, response):
        return response(data=records.latest(int(message.query.get("limit", 10))))
"""

STDLIB = '''from __future__ import print_function

import calendar
import collections
import contextlib
import datetime
import glob
import hashlib
import httplib
import inspect
import io
import itertools
import json
import logging
import os
import random
import re
import shutil
import signal
import socket
import string
import struct
import subprocess
import tempfile
import threading
import time
import types
import urllib
import urlparse
import uuid

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji

Sample = collections.namedtuple("Sample", "at value")


class Sampler(Sanji):

    def init(self, *args, **kwargs):
        self.samples = collections.OrderedDict()
        self.socket = None
        self.time = time.time

    def run(self):
        timer = threading.Timer(60, self.flush)
        timer.daemon = True
        timer.start()
        while not self.stop_event.is_set():
            self.samples[uuid.uuid4().hex] = Sample(datetime.datetime.utcnow().isoformat(), random.random())
            self.stop_event.wait(1)

    def flush(self):
        with contextlib.closing(tempfile.NamedTemporaryFile(delete=False)) as out:
            out.write(json.dumps(list(itertools.islice(self.samples.items(), 10))).encode("utf-8"))
        shutil.move(out.name, os.path.join("/tmp", hashlib.md5(out.name.encode("utf-8")).hexdigest()))

    @Route(methods="get", resource="/samples")
    def get(self, message, response):
        """Answers what there is.

        The file "latest" wins; subprocess.run and FileNotFoundError are words like others here.
        """
        try:
            with io.open("/tmp/latest", encoding="utf-8") as latest:
                data = json.load(latest)
        except (IOError, OSError, ValueError) as error:
            logging.debug("%s", error)
            data = [sample._asdict() for sample in self.samples.values()]
        response(code=200, data=data)

    @Route(methods="post", resource="/samples")
    def post(self, message, response):
        connection = httplib.HTTPConnection("192.0.2.1", timeout=2)
        try:
            connection.request("POST", "/?" + urllib.urlencode({"n": len(self.samples)}))
            status = connection.getresponse().status
        except (socket.error, httplib.HTTPException):
            return response(code=502, data={})
        finally:
            connection.close()
        where = urlparse.urlparse(message.resource).path
        return response(code=201 if status == 200 else 502, data={"where": where})

    @Route(methods="delete", resource="/samples")
    def delete(self, message, response):
        def clear():
            self.samples.clear()
            for path in glob.glob("/tmp/sample-*"):
                os.remove(path)
        threading.Thread(target=clear).start()
        uptime = subprocess.Popen(["uptime"], stdout=subprocess.PIPE).communicate()[0]
        kernel = subprocess.check_output("uname -r", shell=True)
        return response(code=200, data={"uptime": uptime.decode("ascii"), "kernel": kernel.strip()})


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print("started", calendar.timegm(time.gmtime()), struct.calcsize("<I"), string.digits, re.escape("a"))
    assert inspect.isclass(Sampler) and isinstance(None, types.NoneType)
    Sampler(connection=Mqtt()).start()
'''


def model(path: str, *methods: str) -> dict[str, Any]:
    return {"methods": list(methods), "resource": path}


# fields of the manifest, and files
GOOD_BUNDLES: dict[str, tuple[dict[str, Any], Files]] = {
    "modem with a schema, in the Python of its day": (
        {"resources": [model("/modems", "get"), model("/modems/:id", "get", "put")]},
        {
            "index.py": CELLULAR.replace("import sh\n", "try:\n    import sh\nexcept ImportError:\n    sh = None\n"),
            "data/example.json.factory": "[]",
            "README.md": "",
            "Makefile": "all:\n",
            "build-deb/debian/control": "Source: example\n",
            "tests/test_index.py": "import index\n",
            "schema/index.yaml": "swagger: '2.0'\n",
        },
    ),
    "meter with a package and a thread": (
        {"resources": [model("/meter", "get", "put"), model("/meter/values", "get")]},
        {
            "index.py": SERIAL,
            "settings.py": 'NAME = "example"\n',
            "poller/__init__.py": POLLER,
            "poller/frame.py": "import struct\n\nFRAME = struct.Struct('<HH')\n\n\ndef checksum(raw):\n    return 1\n",
            "requirements.txt": "sanji==1.1.2\npyserial\n",
        },
    ),
    "views only": (
        {
            "resources": [
                {"role": "view", "methods": ["put"], "resource": "/network/ethernets/:id"},
                {"role": "view", "methods": ["post", "delete"], "resource": "/network/routes/default"},
            ],
        },
        {"index.py": VIEWS},
    ),
    "base classes, constants and both Pythons": (
        {
            "resources": [
                model("/door", "get", "put"),
                model("/door/openings", "post"),
                model("/door/network", "get"),
            ]
        },
        {"index.py": BASES},
    ),
    "package below a folder": (
        {"resources": [model("/records", "get")]},
        {
            "index.py": PACKAGE_INDEX,
            "lib/logger_bundle/__init__.py": "",
            "lib/logger_bundle/bundle.py": PACKAGE_BUNDLE,
            "lib/logger_bundle/records.py": "def latest(limit):\n    return []\n",
        },
    ),
    "much of the library": (
        {"resources": [model("/samples", "get", "post", "delete")]},
        {"index.py": STDLIB},
    ),
    "letters beyond ASCII and tabs": (
        {"description": "Zählt", "resources": [model("/counts", "get")]},
        {
            "index.py": "# -*- coding: utf-8 -*-\nfrom sanji.connection.mqtt import Mqtt\n"
            "from sanji.core import Route, Sanji\n\n\nclass Counts(Sanji):\n"
            "\t@Route(methods='get', resource='/counts')\n\tdef get(self, message, response):\n"
            "\t\treturn response(data={'name': u'Zähler', 'mode': 0755, 'big': 10L})\n\n\n"
            "if __name__ == '__main__':\n\tCounts(connection=Mqtt()).start()\n",
        },
    ),
    "a class for each of two machines": (
        {"resources": [model("/lamp", "get")]},
        {
            "index.py": "import os\n\nfrom sanji.connection.mqtt import Mqtt\nfrom sanji.core import Route, Sanji\n\n\n"
            "class Lamp(Sanji):\n    pin = 1\n\n    @Route(methods='get', resource='/lamp')\n"
            "    def get(self, message, response):\n        return response(data={'pin': self.pin})\n\n\n"
            "class OldLamp(Lamp):\n    pin = 2\n\n\nclass NewLamp(Lamp):\n    pin = 3\n\n\n"
            "if __name__ == '__main__':\n"
            "    made = NewLamp if os.path.exists('/sys/class/leds/new') else OldLamp\n"
            "    made(connection=Mqtt()).start()\n",
        },
    ),
}
