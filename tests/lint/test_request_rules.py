"""What handlers do with requests: bodies in which the rules find a fault, and bodies in which they find nothing."""

from __future__ import annotations

import pytest

from tests.lint.bundles import bundle, found

RULES = {"BK333", "BK334", "BK335", "BK336", "BK337", "BK338"}
ROUTE = 'methods="put", resource="/example/:id"'
SIGNATURE = "self, message, response"
INDEX = """from sanji.core import Route, Sanji
from sanji.connection.mqtt import Mqtt
import os, subprocess, commands, logging, re, json, sh
from voluptuous import Schema, Required, All, Range
SCHEMA = Schema({"a": int})
IDS = ("1", "2")
ONE = 1
logger = logging.getLogger()
def schema_of(): return SCHEMA
class Example(Sanji):
    def init(self, *a, **k): pass
    @Route(methods="get", resource="/example/:id")
    def get(self, message, response):
        return response(code=200)
    @Route(ROUTE)
    def put(SIGNATURE):
"""


def told(body: str, signature: str = SIGNATURE, route: str = ROUTE, after: str = "") -> list[str]:
    """The codes of what is found in a handler with a body, and a method behind it."""
    lines = [INDEX.replace("ROUTE", route).replace("SIGNATURE", signature).rstrip("\n")]
    lines += [f"        {line}" for line in body.split("\n")] + [f"    {line}" for line in after.split("\n")]
    resources = [{"methods": ["get", "put", "post", "delete"], "resource": "/example/:id"}]
    shown = bundle({"index.py": "\n".join(lines) + "\n", "sh.py": "\n"}, resources=resources)
    return [one.code for one in found(shown) if one.code in RULES]


ANSWERED_ONCE = [
    "if a:\n    response(code=200)\nelse:\n    response(code=400)",
    "response(code=200)\nself.reboot()",
    "try:\n    response(code=200)\nexcept Exception:\n    response(code=500)",
    "if bad:\n    response(code=400)\n    return\nresponse(code=200)",
    "for x in y:\n    if x:\n        response(code=200)\n        return\nresponse(code=404)",
    "try:\n    self.x()\nexcept A:\n    response(code=400)\nelse:\n    response(code=200)",
    "code = 200\nwhile True:\n if x:\n  response(code=200)\n  break\n if y:\n  response(code=400)\n  break\n",
    "response(code=200)\nraise SystemExit",
    "if not ok:\n    response(code=400)\nif ok:\n    response(code=200)",
    "def later():\n    response(code=200)\nself.run_later(later)\nreturn response(code=202)",
    "cb = lambda: response(code=1)\nreturn response()",
    "with self.lock:\n    if a:\n        return response(code=1)\n    response(code=2)",
    "if a:\n    response(code=400)\n    raise ValueError\nreturn response()",
    "response = self.publish.get('/x')\nresponse(1)\nresponse(2)",
    "if a:\n    response(code=400); return\nreturn response()",
    "return (self.bad(response) if a else response())",
]
COMPARED_WITH_TEXT = [
    "if int(message.param['id']) == 1: pass\nreturn response()",
    "id = int(message.param['id'])\nif id == 1: pass\nreturn response()",
    "id = message.param['id']\nid = int(id)\nif id in (1, 2): pass\nreturn response()",
    "try:\n    id = int(message.param['id'])\nexcept ValueError:\n    id = None\nif id == 1: pass\nreturn response()",
    "if len(message.param['id']) == 1: pass\nreturn response()",
    "if message.param['id'] in IDS: pass\nreturn response()",
    "if message.param['id'] == self.first: pass\nreturn response()",
    "if message.param['id'] is None: pass\nreturn response()",
    "message.param['id'] = int(message.param['id'])\nif message.param['id'] == 1: pass\nreturn response()",
    "if message.param.get('id', 0) == 0: pass\nreturn response()",
    "if message.data['id'] == 1: pass\nreturn response()",
    "if message.param['id'] in self.rooms: pass\nreturn response()",
    "if message.param['id'] in ('1', 1): pass\nreturn response()",
    "if message.param['id'] == '1' and x == 1: pass\nreturn response()",
    "if len(message.param) == 1: pass\nreturn response()",
]
SENT_AS_TEXT = [
    "try: pass\nexcept A as e:\n    return response(data={'m': e.message})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(data={'m': unicode(e)})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(data={'m': '%s' % e, 'args': e.args})\nreturn response()",
    "try: pass\nexcept A as e:\n    e = self.words(e)\n    return response(data={'m': e})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(data={'m': self.words(e)})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(data={'m': json.dumps(e, default=str)})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(data={'m': [str(e) for e in x]})\nreturn response()",
    "try: pass\nexcept A as e:\n    logger.error(e)\n    return response(code=400)\nreturn response()",
    "try: pass\nexcept (A, B):\n    return response(data={'m': 1})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(code=400, data={e: 1})\nreturn response()",
    "try: pass\nexcept A as e:\n    return response(code=e.code, data={'m': str(e)})\nreturn response()",
]
KEPT_FROM_THE_SHELL = [
    "os.system('reboot')\nreturn response()",
    "cmd = 'ifconfig %s' % self.model.db['x']\nos.system(cmd)\nself.model.db = message.data\nreturn response()",
    "x = int(message.data['x'])\nos.system('x %s' % x)\nreturn response()",
    "os.system('x %d' % message.data['x'])\nreturn response()",
    "subprocess.call(['x', message.data['x']])\nreturn response()",
    "x = message.data['x']\nif x not in ('a', 'b'):\n return response(400)\nos.system('x ' + x)\nreturn response()",
    "if message.data['x'] == 'up':\n    os.system('ifup ' + message.data['x'])\nreturn response()",
    "x = message.data.get('x')\nif not re.match('^a$', x):\n return response(400)\nos.system('x ' + x)\nresponse()",
    "if not message.data['x'].isdigit():\n return response(400)\nos.system('x ' + message.data['x'])\nresponse()",
    "cmd = 'start' if message.data['on'] else 'stop'\nos.system('service x ' + cmd)\nreturn response()",
    "cmd = {'a': 'b'}[message.data['x']]\nos.system(cmd)\nreturn response()",
    "os.system('x ' + message.param['id'])\nreturn response()",
    "self._validate(message.data)\nos.system('x ' + message.data['x'])\nreturn response()",
    "if not self.is_valid(message.data['x']): return response()\nos.system('x ' + message.data['x'])\nresponse()",
    "os.system('echo %s' % len(message.data['x']))\nreturn response()",
    "out = commands.getoutput('ls')\nif message.data['x'] in out: pass\nreturn response()",
    "os.system('echo %s > /x' % bool(message.data['x']))\nreturn response()",
    "name = 'x'\nfor k in message.data: name = 'y'\nos.system(name)\nreturn response()",
    "subprocess.Popen('cat', shell=True, stdin=-1).communicate(message.data['x'])\nreturn response()",
    "subprocess.call(['sh', '-c', 'echo \"$1\"', 'sh', message.data['x']])\nreturn response()",
]
KEPT_FROM_THE_SHELL_BY_SIGNATURE = [
    (
        "os.system('x ' + message.data['a'])\nreturn response()",
        "self, message, response",
        'methods="put", resource="/example/:id", schema=SCHEMA',
    ),
    (
        "os.system('x ' + message.data['a'])\nreturn response()",
        "self, message, response",
        'methods="put", resource="/example/:id", schema=schema_of()',
    ),
]
SCHEMAS_BY_SIGNATURE = [
    ("return response()", "self, message, response, schema=None", 'methods="put", resource="/example/:id"'),
    (
        "schema(message.data)\nreturn response()",
        "self, message, response, schema=SCHEMA",
        'methods="put", resource="/example/:id"',
    ),
    (
        "return response()",
        "self, message, response, schema=SCHEMA",
        'methods="put", resource="/example/:id", schema=SCHEMA',
    ),
    ("return response()", "self, message, response, test=False", 'methods="put", resource="/example/:id"'),
    (
        "return response(data=self.f(schema=schema))",
        "self, message, response, schema=SCHEMA",
        'methods="put", resource="/example/:id"',
    ),
]
ASKED_OF_OTHERS = [
    "self.publish.event.put('/example/1', data={})\nreturn response()",
    "self.publish.direct.get('/other')\nreturn response()",
    "self.publish.direct.get('/example')\nreturn response()",
    "self.publish.direct.get(self.path)\nreturn response()",
    "response(code=200)\nself.publish.direct.get('/example/1')",
    "self.publish.direct.get('/example/%s/x' % a)\nreturn response()",
]
ASKED_OF_OTHERS_BY_SIGNATURE = [
    (
        "if message.method == 'get': self.publish.direct.get('/example/1')\nreturn response()",
        "self, message, response",
        'methods=["get", "put"], resource="/example/:id"',
    ),
    ("self.publish.direct.get('/example/1')\nreturn response()", "self, message, response", 'resource="/example/:id"'),
]

RIGHT = [*ANSWERED_ONCE, *COMPARED_WITH_TEXT, *SENT_AS_TEXT, *KEPT_FROM_THE_SHELL, *ASKED_OF_OTHERS]
RIGHT_BY_SIGNATURE = [*KEPT_FROM_THE_SHELL_BY_SIGNATURE, *SCHEMAS_BY_SIGNATURE, *ASKED_OF_OTHERS_BY_SIGNATURE]


@pytest.mark.parametrize("body", RIGHT)
def test_nothing_is_found_in_a_handler_that_is_right(body: str) -> None:
    assert told(body) == []


@pytest.mark.parametrize(("body", "signature", "route"), RIGHT_BY_SIGNATURE)
def test_nothing_is_found_by_signature_and_route(body: str, signature: str, route: str) -> None:
    assert told(body, signature, route) == []


# the rule, and a body in which it finds something
WRONG = [
    ("BK335", "if bad:\n    response(code=400)\nresponse(code=200)"),
    (
        "BK335",
        "if bad:\n response(400)\ntry:\n self.x()\nexcept A:\n return response(500)\nreturn response(200)",
    ),
    (
        "BK335",
        "try:\n    self.x()\nexcept A:\n    response(code=500)\nfinally:\n    self.y()\nreturn response(code=200)",
    ),
    ("BK335", "for x in y:\n    if not x:\n        response(code=400)\n        break\nreturn response(code=200)"),
    ("BK335", "for x in y:\n    if not x:\n        response(code=400)\nreturn response(code=200)"),
    (
        "BK335",
        "if a:\n if b:\n  response(400)\n else:\n  pass\nif c:\n return response(1)\nelse:\n return response(2)",
    ),
    ("BK335", "with self.lock:\n    if a:\n        response(code=400)\nreturn response()"),
    ("BK335", "r = response(code=400)\nreturn response()"),
    ("BK334", "os.system('x %s' % (message.data['x'],))\nreturn response()"),
    ("BK334", "os.system('x {}'.format(message.data.get('x')))\nreturn response()"),
    ("BK334", "d = message.data\nx = d['a']['b']\nos.system('x ' + x)\nreturn response()"),
    ("BK334", "x, y = message.data['x'], 1\nos.system('x ' + x)\nreturn response()"),
    ("BK334", "for s in message.data['list']:\n    os.system('x ' + s['name'])\nreturn response()"),
    ("BK334", "subprocess.check_output('x %(a)s' % message.data, shell=True)\nreturn response()"),
    (
        "BK334",
        "try:\n o = subprocess.check_output('x' + message.data['x'], shell=True)\nexcept A:\n pass\nresponse()",
    ),
    ("BK334", "out = os.popen('x ' + message.data['x']).read()\nreturn response()"),
    ("BK334", "status, out = commands.getstatusoutput('x ' + message.query['x'])\nreturn response()"),
    ("BK334", "if 'x' in message.data:\n    os.system('x ' + message.data['x'])\nreturn response()"),
    ("BK334", "if message.data['x'] != '':\n    os.system('x ' + message.data['x'].strip())\nreturn response()"),
    ("BK334", "if isinstance(message.data['x'], str):\n    os.system('x ' + message.data['x'])\nreturn response()"),
    (
        "BK334",
        "c = 'x %s' % (message.data['x'])\nlogger.info(c)\nsubprocess.Popen(c, shell=True).wait()\nresponse()",
    ),
    ("BK334", "cmd = ['x', message.data['x']]\nos.system(' '.join(cmd))\nreturn response()"),
    ("BK334", "sh.sh('-c', 'x ' + message.data['x'])\nreturn response()"),
    ("BK334", "subprocess.call(['/bin/bash', '-c', 'x ' + message.data['x']])\nreturn response()"),
    (
        "BK334",
        "x = ''\nfor k, v in message.data.items():\n    x += ' %s=%s' % (k, v)\nos.system('x' + x)\nreturn response()",
    ),
    ("BK334", "os.system('x ' + json.dumps(message.data))\nreturn response()"),
    ("BK334", "for x in list(message.data['x']):\n    os.system('x ' + x)\nreturn response()"),
    ("BK334", "self.register(message.data['x'])\nos.system('x ' + message.data['x'])\nreturn response()"),
    ("BK336", "if message.param['id'] == 1 or a: pass\nreturn response()"),
    ("BK336", "if not (message.param['id'] == 1): pass\nreturn response()"),
    ("BK336", "x = [r for r in self.rooms if message.param['id'] == 1]\nreturn response()"),
    ("BK336", "i = message.param.get('id')\nwhile i >= 3: pass\nreturn response()"),
    ("BK336", "return response() if message.param['id'] != ONE else response(code=1)"),
    (
        "BK337",
        "try: pass\nexcept A as e:\n    log(e)\n    return response(code=500, data={'m': e})\nreturn response()",
    ),
    (
        "BK337",
        "try: pass\nexcept A, e:\n    return response(code=500, data={'m': 'x', 'e': e})\nreturn response()",
    ),
    ("BK337", "try: pass\nexcept Exception as e:\n    return response(500, e)\nreturn response()"),
    (
        "BK337",
        "try:\n try: pass\n except KeyError as e:\n  return response(500, data=[e])\nexcept A: pass\nreturn response()",
    ),
    ("BK338", "r = self.publish.direct.get('/example/1')\nreturn response()"),
    ("BK338", "r = self.publish.get('/example/%s?x=1' % message.param['id'])\nreturn response()"),
    ("BK338", "r = self.publish.put('/example/' + message.param['id'], data={})\nreturn response()"),
    ("BK338", "return response(data=self.publish.direct.get(resource='/example/1').data)"),
]
WRONG_BY_METHOD = [
    (
        "BK334",
        "self.run_it(message)\nreturn response()",
        "def run_it(self, message):\n    os.system('x ' + message.data['x'])",
    ),
    (
        "BK334",
        "self.run_it(message.data)\nreturn response()",
        "def run_it(self, data):\n    os.system('x ' + data['x'])",
    ),
    (
        "BK334",
        "self.run_it(cmd='x ' + message.data['x'])\nreturn response()",
        "def run_it(self, cmd='x'):\n    os.system(cmd)",
    ),
    ("BK338", "self.again()\nreturn response()", "def again(self):\n    self.publish.direct.post('/example/1')"),
]


@pytest.mark.parametrize(("code", "body"), WRONG)
def test_fault_of_a_handler_is_found(code: str, body: str) -> None:
    assert told(body) == [code]


@pytest.mark.parametrize(("code", "body", "method"), WRONG_BY_METHOD)
def test_fault_by_way_of_a_method_is_found(code: str, body: str, method: str) -> None:
    assert told(body, after=method) == [code]
