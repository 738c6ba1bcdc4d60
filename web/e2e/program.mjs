// The built binary on a fresh copy of the demonstration register, at a port of its own.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PASSWORD = 'Qing-Shan-2019-lvdun';

export class Program {
  constructor({ binary, demo, web, out }) {
    this.binary = binary;
    this.web = web;
    this.inputs = join(demo, 'inputs');
    this.folder = mkdtempSync(join(tmpdir(), 'qingshan-web-'));
    this.home = join(this.folder, 'register');
    this.logPath = join(out, 'serve.log');
    this.port = 0;
    cpSync(join(demo, 'register'), this.home, { recursive: true });
  }

  /** Runs a command of the program and returns what it says in JSON. */
  run(...args) {
    const done = spawnSync(this.binary, ['--home', this.home, '--json', ...args], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`qingshan ${args.join(' ')}: ${done.stderr}`);
    return JSON.parse(done.stdout || 'null');
  }

  async start() {
    const log = openSync(this.logPath, 'a');
    this.child = spawn(this.binary, ['--home', this.home, '--json', 'serve', '--port', String(this.port), '--web', this.web], { stdio: ['ignore', 'pipe', log] });
    const told = await new Promise((resolve, reject) => {
      let text = '';
      this.child.on('exit', (code) => reject(new Error(`serve ended with ${code}; see ${this.logPath}`)));
      this.child.stdout.on('data', (part) => {
        text += part;
        const found = /"port":\s*(\d+)/.exec(text);
        if (found) resolve(Number(found[1]));
      });
    });
    // Started again after a death, it is found where it was.
    this.port = told;
    this.origin = `http://127.0.0.1:${told}`;
  }

  /** Gives an account a password we know, the way its owner would: one-time password, then a change. */
  async enrol(login) {
    const { one_time_password: once } = this.run('people', 'reset', login);
    const signedIn = await fetch(`${this.origin}/api/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password: once }) });
    const me = await signedIn.json();
    if (!signedIn.ok) throw new Error(`${login}: ${JSON.stringify(me)}`);
    const cookie = signedIn.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf_token, Cookie: cookie };
    const changed = await fetch(`${this.origin}/api/v1/session/password`, { method: 'POST', headers, body: JSON.stringify({ old: once, new: PASSWORD }) });
    if (!changed.ok) throw new Error(`${login}: ${await changed.text()}`);
  }

  /** The power fails. */
  async kill() {
    this.child.removeAllListeners('exit');
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await ended;
  }

  async stop() {
    this.child?.removeAllListeners('exit');
    this.child?.kill('SIGTERM');
    await new Promise((resolve) => (this.child?.exitCode === null ? this.child.once('exit', resolve) : resolve()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
