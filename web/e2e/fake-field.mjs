// A register as the phone sees it (contract of the phone, section 3): strict about signatures, bytes, offsets and ids.
// `node e2e/fake-field.mjs --dist web/dist --store DIR [--port N]`; what it acknowledged is on disk before it answers.
import { createHash, generateKeyPairSync, randomUUID, sign as signWith, webcrypto } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PEOPLE, REGISTER, packFor, siteOf } from './fake-territory.mjs';
import { openFile } from './rescue-file.mjs';

const CHUNK = 1024 * 1024;
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png', '.wasm': 'application/wasm', '.webmanifest': 'application/manifest+json', '.json': 'application/json' };
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const COMMUTE = new Set(['verification.recorded', 'evidence.recorded', 'clue.received', 'patrol.recorded', 'track.recorded', 'device.locked']);
const KINDS = new Set([...COMMUTE, 'site.amended', 'verification.reviewed', 'patrol.reviewed']);
const ENVELOPE = new Set(['id', 'stream', 'kind', 'body', 'actor', 'role', 'unit', 'occurred_at', 'clocks', 'stamp']);
const TEXTS = {
  'field.awaits_blobs': ({ have, need }) => `文件已到${have}个，共${need}个。`,
  'field.awaits_predecessor': () => '等待同一点位较早的记录。',
  'field.awaits_evidence': () => '等待所附文件的证据登记。',
  'field.bad_proof': () => '手机未能证明持有它的密钥，未登记。',
  'field.device_taken': () => '这个设备编号已属于另一把密钥或另一个人。',
  'field.unreadable': () => '送来的记录不能读。',
  'field.not_to_decide': () => '此件现在不需要、也不能由人处理。',
  'session.token_scope': () => '令牌不能用于此操作。',
  'field.bad_stamp': () => '签章与内容不符，记录可能被改动，未登记。',
  'field.unfaithful': () => '手机写出的内容与登记簿读到的不一致，请更新手机程序。',
  'field.other_content': () => '同一编号已有另一内容。',
  'field.kind': () => '这类记录不能由手机登记。',
  'field.device_unknown': () => '登记簿不认识这部手机，请重新登记。',
  'field.device_locked': ({ since, reason }) => `这部手机已于${since}锁定（${reason}）。未送的记录已封存并交给登记簿。`,
  'field.token_expired': () => '登录已过期。照常记录，登录后自动上传。',
  'field.clash': () => '同一栏目有两种说法，请并列比较后决定。',
  'field.other_station': ({ station }) => `点位现属${station}，待处理。`,
  'field.site_withdrawn': ({ reason }) => `点位已撤销（${reason}），待处理。`,
  'field.offset': ({ offset }) => `断点不符，从${offset}续传`,
  'field.chunk_damaged': () => '分块损坏，重传本块',
  'field.blob_damaged': () => '文件损坏，重新上传',
  'field.disk_full': () => '服务器磁盘已满，记录仍在手机上',
  'field.pack_moved_on': () => '离线包已更新，请重新下载',
  'field.rescue_broken': ({ frame }) => `救援文件已损坏或被改动（第${frame}段）`,
  'field.rescue_other_register': () => '这不是本登记簿的救援文件',
  'flow.missing_facts': ({ missing: lacks }) => `还缺：${lacks}`,
};
const textOf = (code, args = {}) => TEXTS[code]?.(args) ?? code;

const sha = (data) => createHash('sha256').update(data).digest('hex');
export const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(',')}}`;
};

/** Root of a log by RFC 9162, grown leaf by leaf. */
class Tree {
  stack = [];
  size = 0;
  add(leaf) {
    this.stack.push({ hash: leaf, height: 0 });
    this.size += 1;
    for (let n = this.size; n % 2 === 0; n /= 2) {
      const [b, a] = [this.stack.pop(), this.stack.pop()];
      this.stack.push({ hash: node(a.hash, b.hash), height: a.height + 1 });
    }
  }
  root() {
    return this.stack.length === 0 ? sha('') : [...this.stack].reverse().map((s) => s.hash).reduce((right, left) => node(left, right));
  }
}
const node = (a, b) => sha(Buffer.concat([Buffer.from([1]), Buffer.from(a, 'hex'), Buffer.from(b, 'hex')]));

/** A refusal with its code; `args` fill the sentence. */
class No extends Error {
  constructor(status, code, args = {}, headers = {}) {
    super(textOf(code, args));
    Object.assign(this, { status, code, args, headers });
  }
}

export class FakeField {
  constructor({ dist, store, now = Date.now }) {
    Object.assign(this, { dist, store, now });
    this.devices = new Map();
    this.items = new Map();
    this.streams = new Map();
    this.sessions = new Map();
    this.tokens = new Map();
    this.rescued = new Map();
    this.changes = [];
    this.tree = new Tree();
    this.figures = { requests: 0, bytes_in: 0, chunks: 0, double_items: 0, packs: 0 };
    this.taps = {};
    this.busy = Promise.resolve();
    for (const folder of ['blobs', 'uploads']) mkdirSync(join(store, folder), { recursive: true });
    this.readKeys();
    this.replay();
  }

  /* What is on disk */

  readKeys() {
    const path = join(this.store, 'keys.json');
    if (!existsSync(path)) {
      const note = generateKeyPairSync('ed25519');
      const rescue = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(path, JSON.stringify({ note: note.privateKey.export({ format: 'jwk' }), rescue: rescue.privateKey.export({ format: 'jwk' }) }));
    }
    this.keys = JSON.parse(readFileSync(path, 'utf8'));
    const point = ['x', 'y'].map((m) => Buffer.from(this.keys.rescue[m], 'base64url'));
    this.rescueKey = Buffer.concat([Buffer.from([4]), ...point]).toString('base64url');
  }
  keep(event) {
    const path = join(this.store, 'events.jsonl');
    const file = openSync(path, 'a');
    writeSync(file, `${JSON.stringify(event)}\n`);
    fsyncSync(file);
    closeSync(file);
    this.apply(event);
  }
  replay() {
    const path = join(this.store, 'events.jsonl');
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (!line) continue;
      try {
        this.apply(JSON.parse(line));
      } catch {
        // The last line of a killed server was never acknowledged.
      }
    }
  }
  apply(event) {
    if (event.device) this.devices.set(event.device.device_id, { ...this.devices.get(event.device.device_id), ...event.device });
    if (event.token) this.tokens.set(event.token.text, event.token);
    if (event.session) this.sessions.set(event.session.text, event.session);
    if (event.item) this.items.set(event.item.id, { ...this.items.get(event.item.id), ...event.item });
    if (event.change) this.changes.push(event.change);
    if (event.rescued) this.rescued.set(event.rescued, true);
    if (event.entry) {
      this.tree.add(event.entry.leaf_hash);
      this.streams.set(event.entry.stream, (this.streams.get(event.entry.stream) ?? 0) + 1);
    }
    if (event.forget) this.forget(event.forget);
  }
  forget(count) {
    const kept = [...this.items.values()].filter((i) => i.receipt).sort((a, b) => a.receipt.seq - b.receipt.seq);
    for (const item of kept.slice(-count)) this.items.delete(item.id);
    this.tree = new Tree();
    for (const item of kept.slice(0, -count)) this.tree.add(item.receipt.leaf_hash);
  }
  blobPath = (sha256) => join(this.store, 'blobs', sha256);
  partPath = (sha256) => join(this.store, 'uploads', `${sha256}.part`);
  hasBlob = (sha256) => existsSync(this.blobPath(sha256));

  /* HTTP */

  async handle(request, response) {
    this.figures.requests += 1;
    const url = new URL(request.url, 'http://fake');
    try {
      if (url.pathname.startsWith('/api/') || url.pathname.startsWith('/__')) {
        const body = await bodyOf(request);
        this.figures.bytes_in += body.length;
        await this.route(request, response, url, body);
      } else this.file(request, response, url);
    } catch (problem) {
      if (!(problem instanceof No)) console.error(problem);
      const [status, code] = problem instanceof No ? [problem.status, problem.code] : [500, 'internal'];
      reply(response, status, { code, message: problem.message, details: problem.args ?? {}, request_id: randomUUID() }, problem.headers);
    }
  }

  async route(request, response, url, body) {
    const path = url.pathname;
    const { method } = request;
    const is = (m, pattern) => method === m && pattern.exec(path);
    let found;
    if (path.startsWith('/__')) return reply(response, 200, await this.control(path.slice(3), body));
    if (path === '/health') return reply(response, 200, {});
    if (is('POST', /^\/api\/v1\/session$/)) return this.signIn(response, JSON.parse(body));
    if (is('GET', /^\/api\/v1\/session$/)) return reply(response, 200, this.viewOf(this.cookie(request, false)));
    if (is('DELETE', /^\/api\/v1\/session$/)) return reply(response, 204);
    if (is('POST', /^\/api\/v1\/field\/devices$/)) return reply(response, ...(await this.enrol(request, JSON.parse(body))));
    if ((found = is('POST', /^\/api\/v1\/field\/devices\/([^/]+)\/token$/))) return reply(response, 200, this.newToken(this.ownDevice(request, found[1])));
    if ((found = is('POST', /^\/api\/v1\/field\/devices\/([^/]+)\/lock$/))) return reply(response, 200, this.lock(this.ownDevice(request, found[1]), JSON.parse(body)));
    if (is('GET', /^\/api\/v1\/field\/devices$/)) return reply(response, 200, this.deviceList());
    const device = this.bearer(request, path.endsWith('/rescue-files'));
    if (is('POST', /\/field\/contact$/)) return reply(response, 200, this.contact(device, JSON.parse(body)));
    if (is('GET', /\/field\/pack$/)) return this.pack(response, request, device);
    if ((found = is('GET', /\/field\/pack\/parts\/([\w-]+)$/))) return this.part(response, request, device, found[1], url.searchParams.get('v'));
    if ((found = is('HEAD', /\/field\/blobs\/([0-9a-f]{64})$/))) return this.head(response, found[1]);
    if ((found = is('PATCH', /\/field\/blobs\/([0-9a-f]{64})$/))) return this.inTurn(() => this.chunk(response, request, device, found[1], body));
    if (is('POST', /\/field\/items$/)) return this.inTurn(async () => reply(response, 200, await this.batch(device, JSON.parse(body).items)));
    if (is('GET', /\/field\/items$/)) return reply(response, 200, { results: (url.searchParams.get('ids') ?? '').split(',').map((id) => this.items.get(id)).filter(Boolean).map((i) => this.status(i)) });
    if ((found = is('POST', /\/field\/items\/([^/]+)\/decision$/))) return reply(response, 200, this.decide(found[1], JSON.parse(body), device.person));
    if (is('POST', /\/field\/rescue-files$/)) return this.inTurn(async () => reply(response, 200, await this.rescue(body)));
    throw new No(404, 'request.no_such_address');
  }
  /** The log has one writer. */
  inTurn(work) {
    this.busy = this.busy.then(work, work);
    return this.busy;
  }

  file(request, response, url) {
    const isPage = !url.pathname.split('/').pop().includes('.');
    const name = isPage ? (url.pathname.startsWith('/field') ? 'field.html' : 'index.html') : normalize(url.pathname);
    const path = join(this.dist, name);
    if (!existsSync(path) || !statSync(path).isFile()) return reply(response, 404, { code: 'request.no_such_address', message: name });
    const headers = { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', 'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' };
    if (isPage) Object.assign(headers, { 'Content-Security-Policy': POLICY, 'Permissions-Policy': 'geolocation=(self), camera=(self), microphone=(self)' });
    if (name.endsWith('sw.js')) headers['Service-Worker-Allowed'] = '/field';
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : readFileSync(path));
  }

  /* People and devices */

  signIn(response, { login, password }) {
    const person = PEOPLE.find((p) => p.login === login && p.password === password);
    if (!person) throw new No(401, 'session.refused');
    const session = { text: randomUUID(), person_id: person.person_id, csrf: randomUUID() };
    this.keep({ session });
    reply(response, 200, this.viewOf(session), { 'Set-Cookie': `qs=${session.text}; Path=/; HttpOnly; SameSite=Strict` });
  }
  cookie(request, isWrite = true) {
    const session = this.sessions.get(/qs=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
    if (!session) throw new No(401, 'session.none');
    if (isWrite && request.headers['x-csrf-token'] !== session.csrf) throw new No(403, 'session.csrf');
    return session;
  }
  personOf = (session) => PEOPLE.find((p) => p.person_id === session.person_id);
  viewOf(session) {
    const person = this.personOf(session);
    const post = { post_id: 1, role: person.role, role_label: person.post, station_id: person.station_ids[0], station_name: person.unit, from_on: '2020-01-01', is_held: true };
    return { person_id: person.person_id, login: person.login, name: person.name, post, posts: [post], actions: ['verify', 'enrol_device', ...(person.role === 'station_head' ? ['review_verification', 'decide_item'] : [])], must_change_password: false, has_totp: false, csrf_token: session.csrf, reserve: { code: REGISTER.reserve_code, name: REGISTER.name }, is_demonstration: true, language: 'zh-CN' };
  }
  ownDevice(request, id) {
    const device = this.devices.get(id);
    if (!device || device.person_id !== this.cookie(request).person_id) throw new No(404, 'field.device_unknown');
    return device;
  }
  async enrol(request, asked) {
    const session = this.cookie(request);
    const person = this.personOf(session);
    const key = await publicKey(asked.public_key).catch(() => null);
    if (!key || asked.alg !== 'ES256') throw new No(400, 'field.bad_proof');
    const proof = `qingshan-enrol-v1\n${asked.device_id}\n${session.csrf}`;
    if (!(await isSigned(key, proof, asked.proof))) throw new No(400, 'field.bad_proof');
    const have = this.devices.get(asked.device_id);
    if (have && have.public_key !== asked.public_key) throw new No(409, 'field.device_taken');
    const device = { device_id: asked.device_id, person_id: person.person_id, public_key: asked.public_key, state: 'active', app_version: asked.app_version, enrolled_at: instant(this.now()), last_number: have?.last_number ?? 0 };
    this.keep({ device });
    return [have ? 200 : 201, { device_id: asked.device_id, ...this.newToken(device), me: meOf(person), register: { ...REGISTER, verifier_key: 'fake+ed25519', rescue_key: this.rescueKey }, server_time: instant(this.now()) }];
  }
  newToken(device) {
    const token = { text: `qf_${randomUUID().replaceAll('-', '')}`, device_id: device.device_id, expires: this.now() + 90 * 86_400_000 };
    this.keep({ token });
    return { token: token.text, token_expires_on: new Date(token.expires).toISOString().slice(0, 10) };
  }
  bearer(request, isRescue) {
    const token = this.tokens.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!token) throw new No(401, 'field.device_unknown');
    if (token.expires < this.now()) throw new No(401, 'field.token_expired');
    const device = this.devices.get(token.device_id);
    if (device.state === 'locked' && !isRescue) throw new No(403, 'field.device_locked', { reason: device.reason, since: device.locked_since });
    return { ...device, person: PEOPLE.find((p) => p.person_id === device.person_id) };
  }
  lock(device, { reason, since }) {
    this.keep({ device: { device_id: device.device_id, state: 'locked', reason, locked_since: since ?? instant(this.now()) } });
    return { id: randomUUID() };
  }
  deviceList() {
    const items = [...this.devices.values()].map((d) => ({ ...d, person: { person_id: d.person_id }, waiting: 0 }));
    return { items, total: items.length };
  }

  /* Contact and pack */

  contact(device, { kept = [], unsent, storage, app_version }) {
    const unknown = kept.filter((k) => this.items.get(k.id)?.receipt?.leaf_hash !== k.leaf_hash).map((k) => k.id);
    const statuses = [...this.items.values()].filter((i) => i.device_id === device.device_id && !i.is_told).map((i) => this.status(i));
    this.apply({ device: { device_id: device.device_id, unsent, storage, app_version, seen_at: instant(this.now()) } });
    for (const status of statuses) if (status.state === 'recorded') this.items.get(status.id).is_told = true;
    const made = packFor(device.person, this.taps);
    return { server_time: instant(this.now()), state: 'active', checkpoint: this.note('fake', String(this.tree.size)), log_size: this.tree.size, unknown, statuses, last_number: device.last_number, pack: { etag: made.etag, made_at: made.manifest.made_at, is_old: false, size_bytes: made.manifest.size_bytes }, ...(this.taps.me?.[device.person_id] ? { me: this.taps.me[device.person_id] } : {}) };
  }
  pack(response, request, device) {
    const { manifest, etag } = packFor(device.person, this.taps);
    if (request.headers['if-none-match'] === etag) return reply(response, 304);
    this.figures.packs += 1;
    reply(response, 200, manifest, { ETag: etag });
  }
  part(response, request, device, name, v) {
    const part = packFor(device.person, this.taps).parts.get(name);
    if (!part) throw new No(404, 'request.no_such_address');
    if (part.sha256 !== v) throw new No(410, 'field.pack_moved_on');
    const headers = { 'Content-Type': 'application/json', ETag: `"${part.sha256}"`, 'Accept-Ranges': 'bytes' };
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isPart = from > 0 && request.headers['if-range'] === headers.ETag;
    if (isPart) headers['Content-Range'] = `bytes ${from}-${part.bytes.length - 1}/${part.bytes.length}`;
    response.writeHead(isPart ? 206 : 200, { ...headers, Date: new Date().toUTCString() }).end(isPart ? part.bytes.subarray(from) : part.bytes);
  }

  /* Files in chunks */

  head(response, sha256) {
    if (this.hasBlob(sha256)) {
      const size = String(statSync(this.blobPath(sha256)).size);
      return response.writeHead(200, { 'Upload-Offset': size, 'Upload-Length': size }).end();
    }
    if (!existsSync(this.partPath(sha256))) return response.writeHead(404).end();
    response.writeHead(200, { 'Upload-Offset': String(statSync(this.partPath(sha256)).size), 'Upload-Length': readFileSync(`${this.partPath(sha256)}.length`, 'utf8') }).end();
  }
  chunk(response, request, device, sha256, body) {
    this.figures.chunks += 1;
    const header = (name) => request.headers[name] ?? '';
    if (this.taps.disk_full) throw new No(507, 'field.disk_full');
    if (header('content-type') !== 'application/offset+octet-stream') throw new No(415, 'field.chunk_damaged');
    if (body.length > CHUNK || body.length === 0) throw new No(413, 'field.chunk_damaged');
    const length = Number(header('upload-length'));
    const part = this.partPath(sha256);
    if (this.hasBlob(sha256)) throw new No(409, 'field.offset', { offset: length }, { 'Upload-Offset': String(statSync(this.blobPath(sha256)).size) });
    const have = existsSync(part) ? statSync(part).size : 0;
    if (Number(header('upload-offset')) !== have) throw new No(409, 'field.offset', { offset: have }, { 'Upload-Offset': String(have) });
    const digest = /^sha-256=:([^:]+):$/.exec(header('content-digest'))?.[1];
    if (digest !== createHash('sha256').update(body).digest('base64')) throw new No(400, 'field.chunk_damaged');
    if (have + body.length > length) throw new No(400, 'field.chunk_damaged');
    writeFileSync(`${part}.length`, String(length));
    const file = openSync(part, 'a');
    writeSync(file, body);
    fsyncSync(file);
    closeSync(file);
    if (have + body.length < length) return response.writeHead(204, { 'Upload-Offset': String(have + body.length) }).end();
    if (sha(readFileSync(part)) !== sha256) {
      rmSync(part);
      throw new No(422, 'field.blob_damaged');
    }
    renameSync(part, this.blobPath(sha256));
    this.settle();
    reply(response, 201, { sha256, size_bytes: length });
  }

  /* Items */

  async batch(device, items) {
    if (!Array.isArray(items) || items.length > 100) throw new No(400, 'request.malformed');
    const results = [];
    for (const item of items) results.push(this.status(await this.takeItem(device, item)));
    this.settle();
    return { server_time: instant(this.now()), checkpoint: this.note('fake', String(this.tree.size)), results: results.map((r) => this.status(this.items.get(r.id) ?? r)) };
  }
  async takeItem(carrier, { bytes, based_on, after, blobs = [] }) {
    let entry;
    try {
      entry = JSON.parse(bytes);
    } catch {
      throw new No(400, 'field.unreadable');
    }
    const have = this.items.get(entry.id);
    if (have) {
      if (have.bytes === bytes) {
        this.figures.double_items += 1;
        return have;
      }
      return { ...have, state: 'refused', code: 'field.other_content', receipt: undefined };
    }
    const fault = await this.faultOf(carrier, entry, bytes);
    const device = this.devices.get(entry.stamp?.device_id) ?? carrier;
    const item = { id: entry.id, number: entry.stamp?.number ?? 0, device_id: device.device_id, bytes, blobs, based_on, after, kind: entry.kind, stream: entry.stream, arrived_at: instant(this.now()), state: fault ? 'refused' : 'received', ...(fault ? { code: fault } : {}) };
    this.keep({ item, device: { device_id: device.device_id, last_number: Math.max(device.last_number ?? 0, item.number) } });
    return this.items.get(item.id);
  }
  /** What makes an item unusable for ever. */
  async faultOf(carrier, entry, bytes) {
    const { stamp } = entry;
    const device = this.devices.get(stamp?.device_id);
    if (!device) return 'field.device_unknown';
    const unsigned = { ...entry, stamp: { ...stamp } };
    delete unsigned.stamp.signature;
    if (stamp.alg !== 'ES256' || !Number.isInteger(stamp.number) || stamp.number < 1) return 'field.bad_stamp';
    if (!(await isSigned(await publicKey(device.public_key), `qingshan-entry-v1\n${canonical(unsigned)}`, stamp.signature))) return 'field.bad_stamp';
    if (canonical(entry) !== bytes || Object.keys(entry).some((k) => !ENVELOPE.has(k))) return 'field.unfaithful';
    if ([entry.occurred_at, entry.clocks.device].some((t) => instant(Date.parse(t)) !== t)) return 'field.unfaithful';
    if (entry.actor !== device.person_id) return 'field.bad_stamp';
    if (!KINDS.has(entry.kind)) return 'field.kind';
    return null;
  }
  /** Appends whatever no longer waits; goes round until nothing moves. */
  settle() {
    for (let moved = true; moved; ) {
      moved = false;
      for (const item of this.items.values()) {
        if (item.state !== 'received' && item.state !== 'held') continue;
        const wait = this.waitOf(item);
        if (wait && (wait.code === item.code && JSON.stringify(wait.waits) === JSON.stringify(item.waits))) continue;
        moved = true;
        if (wait) this.keep({ item: { id: item.id, state: 'held', is_told: false, ...wait } });
        else this.append(item);
      }
    }
  }
  waitOf(item) {
    if (this.taps.writer_busy) return item.state === 'received' ? { code: item.code, waits: item.waits } : null;
    if (item.decided) return null;
    const entry = JSON.parse(item.bytes);
    const site = siteOf(entry.stream);
    if (entry.stream.startsWith('site/') && !site) return held('field.unknown_site', { for: 'decision' });
    if (this.taps.withdrawn?.[entry.stream]) return held('field.site_withdrawn', { for: 'decision' }, { reason: this.taps.withdrawn[entry.stream] });
    const person = PEOPLE.find((p) => p.person_id === entry.actor);
    if (site && !person.station_ids.includes(site.station_id)) return held('field.other_station', { for: 'decision' }, { station: site.station_id });
    if (!COMMUTE.has(item.kind) && item.after && !['recorded', 'refused'].includes(this.items.get(item.after)?.state)) return held('field.awaits_predecessor', { for: 'predecessor' });
    const missing = item.blobs.filter((s) => !this.hasBlob(s));
    if (missing.length > 0) {
      const args = { have: item.blobs.length - missing.length, need: item.blobs.length };
      return held('field.awaits_blobs', { for: 'blobs', ...args, missing }, args);
    }
    const evidence = item.kind === 'verification.recorded' ? (entry.body.evidence ?? []) : [];
    if (evidence.some((s) => !this.isEvidenced(entry.stream, s))) return held('field.awaits_evidence', { for: 'predecessor' });
    const lacks = lacksOf(entry);
    if (lacks.length > 0) return held('flow.missing_facts', { for: 'decision' }, { step: 'verify', missing: lacks.join('、') });
    const clashes = this.clashesOf(item, entry);
    return clashes.length > 0 && !COMMUTE.has(item.kind) ? { ...held('field.clash', { for: 'decision' }), clashes } : null;
  }
  isEvidenced(stream, sha256) {
    return [...this.items.values()].some((i) => i.receipt && i.kind === 'evidence.recorded' && i.stream === stream && i.blobs.includes(sha256));
  }
  /** What others stated of the same fields since the version the phone knew. */
  clashesOf(item, entry) {
    const facts = entry.body.facts ?? {};
    return this.changes.filter((c) => c.stream === entry.stream && c.version > (item.based_on ?? 0) && c.field in facts && c.actor !== entry.actor && canonical(c.value) !== canonical(facts[c.field])).map((c) => ({ field: c.field, label: c.label, mine: facts[c.field], theirs: c.value, theirs_by: c.by, theirs_at: c.at }));
  }
  append(item) {
    const entry = JSON.parse(item.bytes);
    const unsigned = { ...entry, stamp: { ...entry.stamp } };
    delete unsigned.stamp.signature;
    const seq = this.tree.size;
    const recorded_at = instant(this.now());
    const leaf_hash = sha(Buffer.concat([Buffer.from([0]), Buffer.from(canonical({ ...entry, recorded_at, seq }))]));
    const clashes = this.clashesOf(item, entry);
    this.keep({ entry: { leaf_hash, stream: item.stream } });
    const entry_sha256 = sha(canonical(unsigned));
    const receipt = { id: item.id, entry_sha256, seq, version: this.streams.get(item.stream), recorded_at, leaf_hash, log_size: this.tree.size, root_hash: this.tree.root(), note: this.note('qingshan-receipt/v1 fake', item.id, entry_sha256, String(seq), leaf_hash, recorded_at) };
    this.keep({ item: { id: item.id, state: 'recorded', receipt, code: null, waits: null, clashes: clashes.length > 0 ? clashes : null, is_told: false } });
  }
  note(...lines) {
    const text = `${lines.join('\n')}\n`;
    const signature = signWith(null, Buffer.from(text), { key: this.keys.note, format: 'jwk' });
    return `${text}\n— fake ${signature.toString('base64')}\n`;
  }
  status(item) {
    const { id, number, state, code, args, receipt, waits, clashes, decided, carried_to } = item;
    const told = { id, number, state, code, text: code ? textOf(code, args) : undefined, args, receipt, waits, clashes, decided, carried_to };
    return Object.fromEntries(Object.entries(told).filter(([, v]) => v !== undefined && v !== null));
  }
  decide(id, { choice, reason, values }, person) {
    const item = this.items.get(id);
    if (!item || item.state !== 'held' || item.waits?.for === 'blobs') throw new No(409, 'field.not_to_decide');
    if (choice !== 'merge') throw new No(403, 'session.token_scope');
    if (!reason) throw new No(400, 'request.malformed');
    const decided = { by: person.post, at: instant(this.now()), reason, choice, values };
    this.keep({ item: { id, decided, ...(choice === 'refuse' ? { state: 'refused' } : {}) } });
    if (choice !== 'refuse') this.append(this.items.get(id));
    return this.status(this.items.get(id));
  }

  /* Rescue files */

  async rescue(body) {
    const opened = await openFile(body, this.keys.rescue, this.rescueKey, REGISTER.name);
    if (opened.fault === 'other_register') throw new No(400, 'field.rescue_other_register');
    const report = { device_id: opened.header.device_id, person: opened.header.person_id, sealed_at: opened.header.sealed_at, items: [], items_new: 0, items_known: 0, items_refused: 0, blobs_new: 0, blobs_known: 0, missing_blobs: [] };
    for (const blob of opened.blobs) {
      if (sha(blob.bytes) !== blob.sha256) continue;
      report[this.hasBlob(blob.sha256) ? 'blobs_known' : 'blobs_new'] += 1;
      writeFileSync(this.blobPath(blob.sha256), blob.bytes);
    }
    for (const item of opened.items) {
      const isKnown = this.items.has(JSON.parse(item.bytes).id);
      const taken = await this.takeItem(this.devices.get(opened.header.device_id), item);
      report[isKnown ? 'items_known' : taken.state === 'refused' ? 'items_refused' : 'items_new'] += 1;
      report.items.push(taken.id);
    }
    this.settle();
    report.items = report.items.map((id) => this.status(this.items.get(id)));
    this.rescues = (this.rescues ?? 0) + 1;
    if (opened.fault) throw new No(400, 'field.rescue_broken', { frame: opened.frame, report });
    return report;
  }

  /* What a journey turns by hand */

  async control(what, body) {
    const asked = body.length > 0 ? JSON.parse(body) : {};
    if (what === 'tap') Object.assign(this.taps, asked);
    if (what === 'amend') this.keep({ change: { ...asked, at: instant(this.now()) } });
    if (what === 'forget') this.keep({ forget: asked.count });
    if (what === 'expire') for (const token of this.tokens.values()) this.keep({ token: { ...token, expires: this.now() - 1 } });
    if (what === 'settle') this.settle();
    return this.state();
  }
  state() {
    const items = [...this.items.values()].map((i) => ({ ...this.status(i), kind: i.kind, stream: i.stream, device_id: i.device_id, blobs: i.blobs, entry: JSON.parse(i.bytes) }));
    return { items, devices: [...this.devices.values()], log_size: this.tree.size, root_hash: this.tree.root(), figures: this.figures, rescues: this.rescues ?? 0 };
  }
}

const held = (code, waits, args) => ({ code, waits, args: args ?? null });
const meOf = ({ person_id, name, post, role, unit, station_ids }) => ({ person_id, name, post, role, unit, station_ids });
const instant = (ms) => new Date(ms).toISOString().replace(/\.(\d*?)0*Z$/, (_, d) => (d ? `.${d}Z` : 'Z'));
/** Every file an entry names. */
export const filesOf = ({ body }) => [body.sha256, ...(body.evidence ?? []), ...(body.shots ?? []).map((s) => s.sha256), body.party?.signature, body.track, ...(body.findings ?? []).flatMap((f) => f.evidence ?? [])].filter(Boolean);
function lacksOf({ kind, body }) {
  if (kind !== 'verification.recorded') return [];
  const lacks = [];
  if (body.lon === undefined || body.lat === undefined) lacks.push('现场定位');
  if (!body.unverified_reason && (body.evidence ?? []).length < 2) lacks.push('现场照片，远景、近景各一');
  if (new Set((body.team ?? []).map((m) => m.post)).size < 2) lacks.push('核查人员');
  if (!body.conclusion) lacks.push('核查结论');
  return lacks;
}
const publicKey = (text) => webcrypto.subtle.importKey('raw', Buffer.from(text, 'base64url'), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
const isSigned = (key, text, signature) => webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(String(signature), 'base64url'), Buffer.from(text)).catch(() => false);
async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const told = Number(request.headers['content-length'] ?? body.length);
  if (told !== body.length) throw new No(400, 'request.malformed');
  return body;
}
function reply(response, status, body, headers = {}) {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Listens; `origin` is where. */
export async function serveFake({ dist, store, port = 0 }) {
  const fake = new FakeField({ dist, store });
  const server = createServer((request, response) => void fake.handle(request, response));
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return { fake, server, port: server.address().port, origin: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((done) => (server.closeAllConnections(), server.close(done))) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name, otherwise) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise);
  const { port } = await serveFake({ dist: option('dist'), store: option('store'), port: Number(option('port', '0')) });
  console.log(JSON.stringify({ port }));
}
