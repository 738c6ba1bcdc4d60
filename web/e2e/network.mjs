// The way between a phone and the register, with everything that happens on mountain networks; driven by a seed.
import { Agent, createServer, request as send } from 'node:http';

/** A chance that gives the same luck for the same seed. */
export function luckOf(seed) {
  let state = (seed * 2_654_435_761) % 2_147_483_647 || 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const QUIET = { before: 0, after: 0, half: 0, twice: 0, late: 0, truncated: 0, delay_ms: 0, bytes_per_s: 0 };

export class Network {
  constructor({ target, seed = 1 }) {
    this.target = target;
    this.chance = luckOf(seed);
    this.faults = { ...QUIET };
    this.figures = { cut_before: 0, cut_after: 0, half: 0, twice: 0, late: 0, truncated: 0, off: 0, sent_bytes: 0 };
    this.agent = new Agent({ keepAlive: false });
    this.sockets = new Set();
  }
  async on() {
    if (this.server) return;
    this.server = createServer((request, response) => void this.carry(request, response).catch(() => request.socket.destroy()));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise((done) => this.server.listen(this.port ?? 0, '127.0.0.1', done));
    this.port = this.server.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
  }
  /** No signal: nothing is listening, and what was open is cut. */
  async off() {
    if (!this.server) return;
    this.figures.off += 1;
    const server = this.server;
    this.server = null;
    const closed = new Promise((done) => server.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async carry(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const { faults, figures } = this;
    const isWork = request.url.startsWith('/api/v1/field');
    const is = (name) => isWork && this.chance() < faults[name];
    if (this.faults.bytes_per_s > 0) await pause((body.length / faults.bytes_per_s) * 1000);
    if (faults.delay_ms > 0 && isWork) await pause(faults.delay_ms);
    if (is('before')) return this.cut(request, 'cut_before');
    if (is('late')) {
      figures.late += 1;
      await pause(50 + this.chance() * 800);
    }
    if (is('truncated') && body.length > 1) {
      figures.truncated += 1;
      await this.pass(request, body, body.subarray(0, Math.floor(body.length / 2))).catch(() => undefined);
      return request.socket.destroy();
    }
    if (is('twice')) {
      figures.twice += 1;
      await this.pass(request, body).catch(() => undefined);
    }
    const answer = await this.pass(request, body);
    if (isWork && request.method === 'PATCH') figures.sent_bytes += body.length;
    if (is('after')) return this.cut(request, 'cut_after');
    response.writeHead(answer.status, answer.headers);
    if (is('half') && answer.body.length > 1) {
      response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)));
      await pause(5);
      return this.cut(request, 'half');
    }
    response.end(answer.body);
  }
  cut(request, name) {
    this.figures[name] += 1;
    request.socket.destroy();
  }
  /** One request to the register; a truncated one names the length of the whole. */
  pass(request, body, sent = body) {
    const { hostname, port } = new URL(this.target);
    return new Promise((done, fail) => {
      const headers = { ...request.headers, 'content-length': String(body.length), connection: 'close' };
      delete headers['transfer-encoding'];
      const out = send({ hostname, port, method: request.method, path: request.url, headers, agent: this.agent }, async (answer) => {
        const parts = [];
        answer.on('error', fail);
        for await (const part of answer) parts.push(part);
        const told = { ...answer.headers };
        delete told['transfer-encoding'];
        done({ status: answer.statusCode, headers: told, body: Buffer.concat(parts) });
      });
      out.on('error', fail);
      if (sent.length < body.length) {
        out.write(sent);
        setTimeout(() => (out.destroy(), fail(new Error('truncated'))), 10);
      } else out.end(sent);
    });
  }
}
