import { expect, test } from 'vitest';
import { missing } from './able';

const whole = { isSecureContext: true, Worker: {}, WebAssembly: {}, indexedDB: {} };
const without = (change: object): string =>
  missing(Object.defineProperties({ ...whole }, Object.getOwnPropertyDescriptors(change)));

test('what is missing is named, and nothing where all is there', () => {
  expect(without({})).toBe('');
  expect(without({ WebAssembly: undefined })).toBe('no-wasm');
  expect(without({ Worker: undefined })).toBe('no-workers');
  expect(without({ indexedDB: undefined })).toBe('no-storage');
  expect(without({ isSecureContext: false })).toBe('not-secure');
});

test('storage that refuses to be asked for is missing', () => {
  const refusing = {
    get indexedDB(): IDBFactory {
      throw new DOMException('denied', 'SecurityError');
    }
  };
  expect(without(refusing)).toBe('no-storage');
});
