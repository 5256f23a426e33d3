/** Which program serves a workspace. Knows nothing of VS Code, so that it is tested without it. */

import * as fs from "node:fs";
import * as path from "node:path";

export interface Surroundings {
  /** The setting `bundlekit.path`, as the user wrote it. */
  setting: string;
  /** The folders of the workspace. */
  folders: readonly string[];
  /** The environment variable PATH. */
  searchPath: string;
  platform: NodeJS.Platform;
  /** The user's home, for a setting that begins with `~`. */
  home: string;
}

export interface Found {
  /** The program to start. */
  command?: string;
  /** Why there is none: a sentence for the user. */
  problem?: string;
}

const ENVIRONMENTS = [".venv", "venv"];

/** The program by the setting; else that of a virtual environment in the workspace; else that on the PATH. */
export function findServer(around: Surroundings, isProgram: (file: string) => boolean = isFile): Found {
  const windows = around.platform === "win32";
  const name = windows ? "bundlekit.exe" : "bundlekit";
  const setting = around.setting.trim();
  if (setting) {
    const file = absolute(setting, around);
    if (isProgram(file)) {
      return { command: file };
    }
    return { problem: `There is no ${file}, which the setting bundlekit.path names.` };
  }
  const bin = windows ? "Scripts" : "bin";
  const inFolders = around.folders.flatMap((folder) =>
    ENVIRONMENTS.map((environment) => path.join(folder, environment, bin, name)),
  );
  // An empty or relative part of the PATH would mean the folder that somebody else's repository is in.
  const onPath = around.searchPath
    .split(windows ? ";" : ":")
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name));
  const command = [...inFolders, ...onPath].find(isProgram);
  if (command !== undefined) {
    return { command };
  }
  return { problem: "bundlekit is not installed in the workspace's .venv or venv, nor is it on the PATH." };
}

/** A setting may begin with `~` or `${workspaceFolder}`, and is relative to the first folder of the workspace. */
function absolute(setting: string, around: Surroundings): string {
  const first = around.folders[0] ?? around.home;
  let file = setting.replace(/\$\{workspaceFolder\}/g, first);
  if (file === "~" || file.startsWith("~/") || file.startsWith("~\\")) {
    file = path.join(around.home, file.slice(1));
  }
  return path.resolve(first, file);
}

function isFile(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
