// What cameras give: HEIC, PNG and film at one verification without a signal, each hashed as it came; and a copy to pass on.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RANGERS } from '../phone.mjs';
import { heic, jpeg, mp4, png } from '../pictures.mjs';
import { isReceiptTrue, Verifier } from '../receipts.mjs';

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
/** More than one piece of a file, however fast the network is. */
const LARGE = 1_400_000;

/** Pictures of a part of the page that came to nothing. */
const broken = (page, within) =>
  page.evaluate(async (selector) => {
    const found = [...document.querySelectorAll(`${selector} img`)];
    for (const img of found) img.loading = 'eager';
    await Promise.all(found.map((img) => (img.complete ? null : new Promise((done) => ((img.onload = done), (img.onerror = done))))));
    return found.filter((img) => img.naturalWidth === 0).map((img) => img.alt);
  }, within);

/** What would be handed to another program, and what would be saved: nothing leaves the browser of a test. */
const catchCopies = (page, canShare) =>
  page.evaluate((can) => {
    window.caught = [];
    const keep = async (how, name, blob) => {
      const bitmap = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const pen = canvas.getContext('2d');
      pen.drawImage(bitmap, 0, 0);
      const [r, g, b] = pen.getImageData(2, bitmap.height - 3, 1, 1).data;
      window.caught.push({ how, name, type: blob.type, width: bitmap.width, height: bitmap.height, foot: r + g + b, bytes: [...new Uint8Array(await blob.arrayBuffer())] });
    };
    navigator.canShare = () => can;
    navigator.share = ({ files: [file] }) => keep('shared', file.name, file);
    // The policy lets no page read an address of a blob, so the blob is noted where the address is made.
    const made = new Map();
    const create = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      const url = create(blob);
      made.set(url, blob);
      return url;
    };
    HTMLAnchorElement.prototype.click = function click() {
      void keep('saved', this.download, made.get(this.href));
    };
  }, canShare);
const caught = async (page) => {
  await page.waitForFunction(() => window.caught.length > 0);
  return page.evaluate(() => window.caught.splice(0)[0]);
};

export const journeys = [
  {
    name: 'field: HEIC, PNG and a film at one verification, kept and sent as they came',
    async run({ setUp, shot, desk }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = (await phone.sites()).filter((s) => (s.required_shots ?? []).length <= 2);
      const sent = { far: heic(), near: png(), video: mp4(LARGE) };
      const hashes = Object.fromEntries(Object.entries(sent).map(([view, bytes]) => [view, sha(bytes)]));
      await phone.page.click('text=任务 >> nth=0');
      await phone.flight(true);
      await phone.openSite(site);
      const { page } = phone;
      await page.click('[data-test=take-position]');
      await page.setInputFiles('[data-view=far] input[type=file]', phone.file('IMG_0412.HEIC', sent.far));
      await page.waitForSelector('[data-view=far].taken');
      await page.setInputFiles('[data-view=near] input[type=file]', phone.file('Screenshot_1.png', sent.near));
      await page.waitForSelector('[data-view=near].taken');
      await page.setInputFiles('[data-test=video]', phone.file('VID_20261126.mp4', sent.video));
      await page.waitForSelector('[data-extra=video]');
      // No browser here draws HEIC: it stands with its name and size, and is whole all the same.
      assert.match(await page.locator('[data-view=far]').textContent(), /IMG_0412\.HEIC.*KB/);
      assert.match(await page.locator('[data-extra=video]').textContent(), /▶.*VID_20261126\.mp4.*1\.3 MB/);
      assert.deepEqual(await broken(page, '.tiles'), []);
      await page.locator('.tiles').scrollIntoViewIfNeeded();
      await shot(page, 'field-media-tiles');
      await page.click('[data-view=far] [data-test=look]');
      await page.waitForSelector('[data-test=photo-view] .none');
      assert.ok(await page.locator('[data-test=marked-copy]').isDisabled(), 'no copy of what cannot be drawn');
      await shot(page, 'field-media-heic');
      await page.click('[data-test=view-close]');
      await page.click('[data-extra=video] button >> nth=0');
      await page.waitForSelector('[data-test=photo-view] video, [data-test=photo-view] .none');
      await page.waitForTimeout(500);
      await shot(page, 'field-media-film');
      await page.click('[data-test=view-close]');

      await page.click('[data-test=conclusion] [data-code=issue_violation]');
      await page.fill('#condition', '现场有堆料，已录像');
      await phone.colleague();
      if (await page.locator('#outside').count()) await page.fill('#outside', '隔河观察');
      await page.click('[data-test=finish]');
      await page.waitForURL('**/field');
      assert.equal((await phone.stats()).unsent, 4);
      await phone.flight(false);
      await phone.syncAll();

      const items = await server.items();
      assert.deepEqual(items.map((i) => [i.kind, i.state]), [...Array(3).fill('evidence.recorded'), 'verification.recorded'].map((k) => [k, 'recorded']), JSON.stringify(items.map((i) => i.text)));
      const { verifier_key } = await server.get('/log/proof?entry=0');
      const verifier = new Verifier(verifier_key);
      for (const item of items) assert.ok(await isReceiptTrue(server, verifier, item), `receipt of ${item.kind}`);
      const told = Object.fromEntries(items.filter((i) => i.kind === 'evidence.recorded').map((i) => [i.body.view, i.body]));
      for (const [view, bytes] of Object.entries(sent)) {
        assert.deepEqual([told[view].sha256, told[view].size_bytes], [hashes[view], bytes.length], view);
        const file = await server.file(hashes[view]);
        assert.equal(file.status, 200);
        assert.equal(sha(file.bytes), hashes[view], `${view} as the register has it`);
      }
      assert.deepEqual([told.far, told.near, told.video].map((b) => b.media_type), ['image/heic', 'image/png', 'video/mp4']);
      assert.ok((await server.file(hashes.far)).bytes.includes(Buffer.from('2026:11:26 13:58:20')), 'what the camera wrote into the HEIC');

      // The dossier at the desk: the picture drawn, the film with its buttons, the HEIC as a file with its name.
      const dossier = await server.dossier(site.site_code);
      for (const hash of Object.values(hashes)) assert.ok(dossier.evidence.some((e) => e.sha256 === hash));
      const office = await desk(server.origin, 'bangongshi');
      await office.goto(`/sites/${encodeURIComponent(site.site_code)}#evidence`);
      await office.locator(`[data-evidence="${hashes.near}"] img`).waitFor();
      assert.equal(await office.locator(`[data-evidence="${hashes.far}"] img`).count(), 0);
      assert.equal(await office.locator(`[data-evidence="${hashes.far}"] a.paper`).getAttribute('download'), 'IMG_0412.HEIC');
      assert.equal(await office.locator(`[data-evidence="${hashes.video}"] video[controls]`).count(), 1);
      if (await office.evaluate(() => document.createElement('video').canPlayType('video/mp4; codecs="avc1.42E01E"') !== '')) {
        await office.waitForFunction((hash) => (document.querySelector(`[data-evidence="${hash}"] video`)?.readyState ?? 0) >= 1, hashes.video);
      }
      assert.deepEqual(await broken(office, '#evidence'), []);
      await office.locator('#evidence').scrollIntoViewIfNeeded();
      await shot(office, 'desk-media');
      await catchCopies(office, false);
      await office.locator(`[data-evidence="${hashes.near}"] [data-test=marked-copy]`).click();
      const copy = await caught(office);
      assert.match(copy.name, /_水印副本\.jpg$/);
      assert.deepEqual([copy.how, copy.type, copy.width, copy.height], ['saved', 'image/jpeg', 320, 240]);
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: a copy with watermark is passed on, and neither kept nor sent',
    async run({ setUp, shot, out }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = (await phone.sites()).filter((s) => (s.required_shots ?? []).length <= 2);
      await phone.page.click('text=任务 >> nth=0');
      await phone.flight(true);
      await phone.openSite(site);
      const { page } = phone;
      const original = jpeg(77, 30_000);
      await page.waitForFunction(() => /±/.test(document.querySelector('[data-test=accuracy]')?.textContent ?? ''));
      await page.setInputFiles('[data-view=far] input[type=file]', phone.file('IMG_1.jpg', original));
      await page.waitForSelector('[data-view=far].taken');
      await page.click('[data-view=far] [data-test=look]');
      await page.waitForSelector('[data-test=photo-view] img');
      await catchCopies(page, false);
      await page.click('[data-test=marked-copy]');
      const saved = await caught(page);
      assert.ok(saved.name.startsWith(site.site_code.replaceAll(/[\\/:*?"<>|\s]+/g, '-')) && saved.name.endsWith('_水印副本.jpg'), saved.name);
      assert.deepEqual([saved.how, saved.type, saved.width, saved.height], ['saved', 'image/jpeg', 640, 480]);
      assert.ok(saved.foot < 400, 'a dark foot carries the lines');
      assert.notEqual(sha(Buffer.from(saved.bytes)), sha(original));
      writeFileSync(join(out, 'screens', 'field-copy.jpg'), Buffer.from(saved.bytes));
      await shot(page, 'field-photo-view');
      await catchCopies(page, true);
      await page.click('[data-test=marked-copy]');
      assert.equal((await caught(page)).how, 'shared');
      await page.click('[data-test=view-close]');

      await phone.shoot('near', 'near');
      await page.click('[data-test=take-position]');
      await page.click('[data-test=conclusion] [data-code=issue_violation]');
      await phone.colleague();
      if (await page.locator('#outside').count()) await page.fill('#outside', '隔河观察');
      await page.click('[data-test=finish]');
      await page.waitForURL('**/field');
      await phone.flight(false);
      const stats = await phone.syncAll();
      assert.equal(stats.blobs_waiting, 0);
      const items = await server.items();
      assert.deepEqual(items.map((i) => i.kind), ['evidence.recorded', 'evidence.recorded', 'verification.recorded'], 'a copy is no evidence');
      const [far] = items.filter((i) => i.body.view === 'far');
      assert.equal(far.body.sha256, sha(original));
      assert.equal(sha((await server.file(far.body.sha256)).bytes), sha(original), 'the original is what the camera gave');
      // The outbox shows the file again, and copies from there as well.
      await page.goto(`${phone.network.origin}/field/outbox`);
      await page.locator('[data-number="1"] button', { hasText: '详情' }).click();
      await page.click('[data-number="1"] [data-test=look]');
      await page.waitForSelector('[data-test=photo-view] img');
      await shot(page, 'field-outbox-photo');
      assert.deepEqual(faults(), []);
    },
  },
];
