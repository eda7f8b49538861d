// The worker that holds the vault: it starts the Go core, which then answers the page by itself
// (web/wasm/bridge). Only two words are this file's own: 'wipe' zeroes the core's whole memory, and
// { failed } says that the core could not start.
import './generated/wasm_exec.js';
import wasm from './generated/core.wasm?url';

interface GoRuntime {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

declare const Go: new () => GoRuntime;

let memory: WebAssembly.Memory | undefined;

addEventListener('message', (e: MessageEvent<unknown>) => {
  if (e.data !== 'wipe') return;
  e.stopImmediatePropagation();
  if (memory) new Uint8Array(memory.buffer).fill(0);
  postMessage({ wiped: true });
  close();
});

async function start(): Promise<void> {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch(wasm), go.importObject);
  memory = instance.exports['mem'] as WebAssembly.Memory;
  await go.run(instance);
  postMessage({ failed: 'core-ended' });
}

start().catch(() => {
  postMessage({ failed: 'core-failed' });
});
