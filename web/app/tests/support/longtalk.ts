import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { passphrase, type Person } from './person';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Fills the conversation of two of a person's kept vault with n messages: a Go test of package conversation does
 * it, in a page of the relay's origin that only this test serves.
 */
export async function fill(person: Person, origin: string, folder: string, n: number): Promise<void> {
  const program = path.join(folder, 'seed.wasm');
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm', GOEXPERIMENT: '', CGO_ENABLED: '0' };
  await run('go', ['test', '-c', '-o', program, './device/client/conversation'], { cwd: repository, env });
  const goRoot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
  const { page } = person;
  const serve = async (name: string, type: string, body: Buffer | string): Promise<void> => {
    await page.route(`${origin}/seed/${name}`, (route) => route.fulfill({ contentType: type, body }));
  };
  await serve(
    'page',
    'text/html',
    '<!doctype html><link rel="icon" href="data:,"><script src="exec.js"></script>'
  );
  await serve('exec.js', 'text/javascript', await readFile(path.join(goRoot, 'lib/wasm/wasm_exec.js')));
  await serve('program', 'application/wasm', await readFile(program));
  await page.goto(`${origin}/seed/page`);
  const code = await page.evaluate(
    async ([count, words]) => {
      interface Runtime {
        argv: string[];
        env: Record<string, string>;
        importObject: WebAssembly.Imports;
        exit: (code: number) => void;
        run: (instance: WebAssembly.Instance) => Promise<void>;
      }
      const { Go } = globalThis as unknown as { Go: new () => Runtime };
      const go = new Go();
      let status = 0;
      go.argv = ['seed', '-test.run=TestSeed'];
      go.env = { BULLE_SEED: String(count), BULLE_PASSPHRASE: words };
      go.exit = (c) => (status = c);
      const { instance } = await WebAssembly.instantiateStreaming(fetch('program'), go.importObject);
      await go.run(instance);
      return status;
    },
    [n, passphrase] as const
  );
  if (code !== 0) throw new Error(`the vault was not filled: ${String(code)}`);
}
