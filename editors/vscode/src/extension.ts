/** Starts `bundlekit lsp` and connects the editor with it. What is shown and done, the server decides. */

import * as os from "node:os";
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

import { findServer } from "./server";

const FILES = ["bundle.json", "*.py", "*.factory", "requirements.txt"];
const INSTALL = "pip install bundlekit";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("bundlekit.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("bundlekit.path")) {
        void restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

async function start(): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    return; // VS Code does not activate the extension there; a setting of the user may say otherwise
  }
  const found = findServer({
    setting: vscode.workspace.getConfiguration("bundlekit").get("path", ""),
    folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    searchPath: process.env.PATH ?? "",
    platform: process.platform,
    home: os.homedir(),
  });
  if (found.command === undefined) {
    void help(found.problem ?? "");
    return;
  }
  const server: ServerOptions = { command: found.command, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: FILES.map((pattern) => ({ scheme: "file", pattern: `**/${pattern}` })),
  };
  client = new LanguageClient("bundlekit", "bundlekit", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    void help(`${found.command} lsp did not start: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Say what is wrong, and what can be done about it. */
async function help(problem: string): Promise<void> {
  const open = "Open the setting";
  const terminal = "Install it in a terminal";
  const chosen = await vscode.window.showErrorMessage(
    `${problem} Install bundlekit into the workspace's .venv, or set bundlekit.path.`,
    open,
    terminal,
  );
  if (chosen === open) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "bundlekit.path");
  } else if (chosen === terminal) {
    const window = vscode.window.createTerminal("bundlekit");
    window.show();
    window.sendText(INSTALL, false); // the user reads it, and presses Enter
  }
}
