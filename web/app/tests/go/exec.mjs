// exec.mjs PROGRAM.wasm ARG...: runs a Go test program in a browser, for
// `go test -exec` with GOOS=js. Its output and exit code become this process's.
// The page and what it needs come from a server on loopback, which a browser takes
// for a safe place: only there does it give locks and cryptography.
import { execFileSync } from 'node:child_process';
import { readFile, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const [program, ...args] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const readable = [root, process.env['BULLE_VECTORS'] ?? path.join(root, '..', 'shared', 'vectors')];
const goRoot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();

const html =
  '<!doctype html><link rel="icon" href="data:,"><script src="/wasm_exec.js"></script><script type="module" src="/page.js"></script>';
const pages = {
  '/': { type: 'text/html', body: () => html },
  '/wasm_exec.js': {
    type: 'text/javascript',
    body: () => readFile(path.join(goRoot, 'lib/wasm/wasm_exec.js'))
  },
  '/page.js': { type: 'text/javascript', body: () => readFile(new URL('page.js', import.meta.url)) },
  '/program.wasm': { type: 'application/wasm', body: () => readFile(program) },
  '/stat': { type: 'application/json', body: (file) => about(file) },
  '/list': { type: 'application/json', body: async (file) => JSON.stringify(await readdir(file)) },
  '/read': { type: 'application/octet-stream', body: (file) => readFile(file) }
};

async function about(file) {
  const { size, mode } = await stat(file);
  return JSON.stringify({ size, mode, directory: (await stat(file)).isDirectory() });
}

/** The path that was asked for, if the program may read it. */
function permitted(asked) {
  const file = path.resolve(process.cwd(), asked ?? '');
  if (!readable.some((folder) => file === folder || file.startsWith(path.resolve(folder) + path.sep)))
    throw new Error('outside');
  return file;
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const page = pages[url.pathname];
  Promise.resolve()
    .then(() => page.body(permitted(url.searchParams.get('path') ?? '.')))
    .then(
      (body) => response.writeHead(200, { 'Content-Type': page.type }).end(body),
      () => response.writeHead(404).end()
    );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env['BULLE_E2E_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--js-flags=--stack-size=4096']
});
const page = await browser.newPage();
const devtools = await page.context().newCDPSession(page);
const code = await new Promise((resolve, reject) => {
  page.on('pageerror', reject);
  page.on('crash', () => reject(new Error('the page crashed')));
  page.on('console', (message) => process.stderr.write(`${message.text()}\n`));
  const env = Object.fromEntries(
    ['CI', 'BULLE_VECTORS'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
  );
  const told = { args: [path.basename(program), ...args], env, folder: process.cwd() };
  Promise.all([
    page.exposeFunction(
      'bulleWrite',
      (fd, text) => void (fd === 1 ? process.stdout : process.stderr).write(text)
    ),
    page.exposeFunction('bulleEnd', resolve),
    page.exposeFunction('bulleQuota', (quotaSize) =>
      devtools.send('Storage.overrideQuotaForOrigin', quotaSize > 0 ? { origin, quotaSize } : { origin })
    ),
    page.addInitScript((value) => (globalThis.bulleProgram = value), told)
  ])
    .then(() => page.goto(origin))
    .catch(reject);
}).catch((reason) => {
  process.stderr.write(`${reason}\n`);
  return 1;
});
await browser.close();
server.close();
process.exit(code);
