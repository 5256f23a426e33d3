import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";

import { findServer, Surroundings } from "../src/server";

const AROUND: Surroundings = {
  setting: "",
  folders: ["/home/me/plant", "/home/me/other"],
  searchPath: "relative::/usr/local/bin:/usr/bin",
  platform: "linux",
  home: "/home/me",
};

function found(there: string[], around: Partial<Surroundings> = {}): string | undefined {
  return findServer({ ...AROUND, ...around }, (file) => there.includes(file)).command;
}

test("the setting comes first", () => {
  const there = ["/opt/bundlekit", "/home/me/plant/.venv/bin/bundlekit"];
  assert.equal(found(there, { setting: "/opt/bundlekit" }), "/opt/bundlekit");
});

test("a setting may be relative to the workspace or the home", () => {
  const there = ["/home/me/plant/tools/bundlekit", "/home/me/bin/bundlekit"];
  assert.equal(found(there, { setting: "tools/bundlekit" }), there[0]);
  assert.equal(found(there, { setting: "${workspaceFolder}/tools/bundlekit" }), there[0]);
  assert.equal(found(there, { setting: "~/bin/bundlekit" }), there[1]);
});

test("a setting that names nothing is not passed over", () => {
  const answer = findServer({ ...AROUND, setting: "/gone" }, (file) => file === "/usr/bin/bundlekit");
  assert.equal(answer.command, undefined);
  assert.match(answer.problem ?? "", /\/gone.*bundlekit\.path/);
});

test("the environment of any folder comes before the PATH", () => {
  assert.equal(found(["/home/me/other/venv/bin/bundlekit", "/usr/bin/bundlekit"]), "/home/me/other/venv/bin/bundlekit");
});

test("the PATH is searched in its order, without relative folders", () => {
  assert.equal(found(["relative/bundlekit", "bundlekit", "/usr/bin/bundlekit"]), "/usr/bin/bundlekit");
  assert.equal(found(["relative/bundlekit", "bundlekit"]), undefined);
});

test("what is missing is said", () => {
  assert.match(findServer(AROUND, () => false).problem ?? "", /not installed/);
});

test("only a file that can be run counts", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bundlekit-"));
  try {
    const file = path.join(folder, "bundlekit");
    fs.writeFileSync(file, "", { mode: 0o644 });
    assert.equal(findServer({ ...AROUND, setting: folder }).command, undefined);
    assert.equal(findServer({ ...AROUND, setting: file }).command, undefined);
    fs.chmodSync(file, 0o755);
    assert.equal(findServer({ ...AROUND, setting: file }).command, file);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
