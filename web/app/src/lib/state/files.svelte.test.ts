import { expect, test, vi } from 'vitest';
import { FakeCore, message, refuse } from '../../../tests/support/fakecore';
import type { Message, Transfer } from '$lib/core/generated/api';
import { FilesState } from './files.svelte';

const plain: Transfer = {
  conversation: 'bob',
  message: 'm',
  upload: true,
  state: 'moving',
  done: 0,
  total: 4000
};

function room(): {
  core: FakeCore;
  files: FilesState;
  saved: string[];
  revoked: string[];
  clock: { now: number };
} {
  const core = new FakeCore({
    transfers: () => ({ transfers: [] }),
    pauseTransfer: () => null,
    cancelTransfer: () => null
  });
  const saved: string[] = [];
  const revoked: string[] = [];
  const clock = { now: 0 };
  let n = 0;
  const files = new FilesState(core, 'bob', {
    save: (name) => saved.push(name),
    address: () => `blob:${++n}`,
    revoke: (url) => revoked.push(url),
    now: () => clock.now
  });
  return { core, files, saved, revoked, clock };
}

function withFile(id: string, mediaType = 'image/png'): Message {
  const file = {
    name: `${id}.bin`,
    mediaType,
    size: 9,
    shA256: '',
    voice: false,
    width: 0,
    height: 0,
    duration: 0,
    preview: new Uint8Array()
  };
  return { ...message('bob', 1), id, file };
}

const content = (picture = ''): { file: Blob; picture: string; width: number; height: number } => ({
  file: new Blob(['123456789']),
  picture,
  width: 0,
  height: 0
});

test('what moves is kept by its message, with its rate, until it ends', async () => {
  const { core, files, clock } = room();
  core.answers.transfers = () => ({ transfers: [{ ...plain, state: 'paused', done: 7 }] });
  await files.start();
  expect(files.moving['m']).toMatchObject({ state: 'paused', done: 7, rate: 0 });
  core.announce('transfer', { ...plain, done: 1000 });
  clock.now = 500;
  core.announce('transfer', { ...plain, done: 2000 });
  expect(files.moving['m']?.rate).toBe(2000);
  core.announce('transfer', { ...plain, conversation: 'carol', message: 'other' });
  expect(Object.keys(files.moving)).toEqual(['m']);
  core.announce('transfer', { ...plain, state: 'ended' });
  expect(files.moving).toEqual({});
});

test('pausing, going on and giving up name the file and its way', async () => {
  const { core, files } = room();
  await files.start();
  await files.pause('m');
  expect(core.asked).toHaveLength(1); // nothing moves
  core.announce('transfer', plain);
  await files.pause('m');
  await files.resume(withFile('m'));
  await files.cancel('m');
  const where = { conversation: 'bob', message: 'm', upload: true };
  expect(core.asked.slice(1)).toEqual([
    ['pauseTransfer', { ...where, paused: true }],
    ['pauseTransfer', { ...where, paused: false }],
    ['cancelTransfer', where]
  ]);
});

test('a file is fetched once, saved under its name, and its address revoked', async () => {
  const { core, files, saved, revoked } = room();
  core.answers.readFile = () => content('image/png');
  await files.start();
  const m = withFile('m');
  const [one, two] = await Promise.all([files.open(m), files.open(m)]);
  expect(one).toBe(two);
  expect(one).toMatchObject({ url: 'blob:1', picture: true });
  expect(one?.file.type).toBe('image/png');
  await files.save(m);
  expect(saved).toEqual(['m.bin']);
  await Promise.resolve();
  expect(revoked).toEqual(['blob:1']);
});

test('a page gets nothing under a type that is more than sound or film', async () => {
  const { core, files } = room();
  core.answers.readFile = () => content();
  await files.start();
  expect((await files.open(withFile('a', 'image/svg+xml')))?.file.type).toBe('application/octet-stream');
  expect((await files.open(withFile('b', 'text/html')))?.file.type).toBe('application/octet-stream');
  expect((await files.open(withFile('c', 'video/webm')))?.file.type).toBe('video/webm');
});

const online = { state: 'online', reason: '', latency: 0, queued: 0 } as const;

/** A download that got 3 of its 9 bytes when the relay went. */
async function interrupted(): Promise<ReturnType<typeof room> & { coming: Promise<unknown> }> {
  const all = room();
  const { core, files } = all;
  const fail = refuse('unreachable');
  core.answers.readFile = () => {
    const part = { ...plain, upload: false, done: 3, total: 9 };
    core.announce('transfer', part);
    core.announce('transfer', { ...part, state: 'ended' });
    return fail();
  };
  await files.start();
  const coming = files.open(withFile('m'));
  await vi.waitFor(() => {
    expect(files.moving['m']).toMatchObject({ state: 'waiting', done: 3, total: 9, upload: false });
  });
  return { ...all, coming };
}

test('a download that lost the relay is shown waiting, and goes on by itself when it is back', async () => {
  const { core, files, coming } = await interrupted();
  core.answers.readFile = () => content();
  core.announce('status', online);
  expect(await coming).toMatchObject({ url: 'blob:1' });
  expect(files.failure).toBe('');
});

test('a download goes on although the relay was back before its loss was known', async () => {
  const { core, files } = room();
  const fail = refuse('unreachable');
  core.answers.readFile = () => {
    core.answers.readFile = () => content();
    core.announce('status', online);
    return fail();
  };
  await files.start();
  expect(await files.open(withFile('m'))).toMatchObject({ url: 'blob:1' });
});

test('a download that waits for the relay can be paused, given up and left', async () => {
  for (const end of [
    (files: FilesState) => files.pause('m'),
    (files: FilesState) => files.cancel('m'),
    (files: FilesState) => {
      files.stop();
      return Promise.resolve();
    }
  ]) {
    const { core, files, coming } = await interrupted();
    await end(files);
    expect(await coming).toBeUndefined();
    core.answers.readFile = () => content();
    expect(await files.open(withFile('m')), 'and asked for again').toMatchObject({ url: 'blob:1' });
  }
});

test('a pause is no failure, damage is, and both can be tried again', async () => {
  const { core, files } = room();
  await files.start();
  core.answers.readFile = refuse('paused');
  expect(await files.open(withFile('m'))).toBeUndefined();
  expect(files.failure).toBe('');
  core.answers.readFile = refuse('file-damaged');
  expect(await files.open(withFile('m'))).toBeUndefined();
  expect([files.failure, files.failed]).toEqual(['file-damaged', 'm']);
  core.answers.readFile = () => content();
  expect(await files.open(withFile('m'))).toBeDefined();
});

test('leaving the room revokes every address and stops listening', async () => {
  const { core, files, revoked } = room();
  core.answers.readFile = () => content();
  await files.start();
  await files.open(withFile('a'));
  await files.open(withFile('b'));
  files.stop();
  await new Promise((resolve) => setTimeout(resolve));
  expect(revoked).toEqual(['blob:1', 'blob:2']);
  expect(core.listeners()).toBe(0);
});
