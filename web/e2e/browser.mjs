// Chromium with the watch every page is under: nothing from outside, no broken policy, no error on the console.
import { chromium } from 'playwright-core';

const FLAGS = ['--lang=zh-CN', '--disable-gpu', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export const launch = () => chromium.launch({ executablePath: process.env.QINGSHAN_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...FLAGS] });

/** A person at a desk of their own; `faults` gathers what must not happen. */
export async function sitDown(browser, origin, viewport = DESKTOP) {
  const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', baseURL: origin, acceptDownloads: true, reducedMotion: 'reduce' });
  // Long enough for a map drawn without a graphics card on a machine that builds at the same time.
  context.setDefaultTimeout(60_000);
  const faults = [];
  await context.exposeBinding('__policyBroken', (_, text) => faults.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => window.__policyBroken(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) faults.push(`outside request: ${url}`);
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    // The browser itself reports every answer of 4xx; those are the server saying no, and are looked at by the journeys.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  return { context, page, faults };
}

export async function signIn(page, login, password) {
  await page.goto('/login');
  await page.fill('#login', login);
  await page.fill('#password', password);
  await page.press('#password', 'Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
}

/** A picture of the page; with `fullPage` all that its scrolling part holds, with `phone` another one as a phone shows it. */
export async function lookedAt(page, path, { fullPage = false, phone = false, ...options } = {}) {
  const size = page.viewportSize();
  for (const [end, width] of [['', size.width], ...(phone ? [['-phone', PHONE.width]] : [])]) {
    if (width !== size.width) await page.setViewportSize({ ...PHONE });
    if (fullPage) {
      const height = await page.evaluate(() => {
        const content = document.querySelector('#content');
        return content ? Math.ceil(content.getBoundingClientRect().top + content.scrollHeight) : 0;
      });
      if (height > page.viewportSize().height) await page.setViewportSize({ width, height: Math.min(height, 9000) });
    }
    await page.screenshot({ path: `${path}${end}.png`, ...options });
  }
  await page.setViewportSize(size);
}

/** Asks the server as this page's person would. */
export const ask = (page, path, init = {}) =>
  page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options);
      const type = response.headers.get('content-type') ?? '';
      return { status: response.status, body: type.includes('json') ? await response.json() : await response.text() };
    },
    [path, init],
  );

/** Counts clicks on the way, for the three-click paths. */
export function clicks(page) {
  const counter = { count: 0 };
  counter.click = async (selector) => {
    counter.count += 1;
    await (typeof selector === 'string' ? page.locator(selector).first() : selector).click();
  };
  return counter;
}

/** Waits until a map has drawn its layers and answers whether it is more than blank paper. */
export async function mapIsDrawn(page) {
  await page.waitForSelector('.maplibregl-canvas');
  await page.waitForFunction(() => !document.querySelector('.maplibregl-map')?.classList.contains('is-loading'), null, { timeout: 30_000 });
  for (let i = 0; i < 40; i++) {
    const shot = await page.locator('.maplibregl-canvas').first().screenshot();
    if (shot.length > 12_000) return true;
    await page.waitForTimeout(500);
  }
  return false;
}
