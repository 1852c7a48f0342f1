// A person at a browser: logs in and consents on oidc-provider's own pages, and ends at the callback.
//
//   node browser.mjs AUTHORIZATION_URL    environment: CHROMIUM (the program; found by name without it)
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const packages = new URL('../../.interop/node_modules/', import.meta.url);
const { chromium } = await import(new URL('playwright-core/index.mjs', packages));

const program = process.env.CHROMIUM || execFileSync('which', ['chromium']).toString().trim();
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'evergrant-browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: program,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await context.newPage();
await page.goto(process.argv[2]);
for (let step = 0; step < 20; step += 1) {
  if (await page.locator('input[name=login]').count()) {
    await page.fill('input[name=login]', 'alice');
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
  } else if (await page.locator('button[type=submit]').count()) {
    await page.click('button[type=submit]');
  } else {
    break;
  }
  await page.waitForLoadState();
}
console.log(JSON.stringify({ title: await page.title(), text: await page.innerText('body') }));
await context.close();
fs.rmSync(profile, { recursive: true, force: true });
